import { invalid } from '#api/errors.ts'
import type { Clock } from '#api/lib/clock.ts'
import { type Outgoing, type OutgoingAnswer, OutgoingFailed, refusalOf, retryAfterOf } from '#api/lib/outgoing.ts'
import { seal, unseal } from '#api/lib/seal.ts'
import { toMs } from '#api/lib/time.ts'
import { DeliveryFailed, type Receipt } from './channel.ts'

// What the channels share that post to an address somebody gave us. Such an address is a password: whoever knows it can
// write there. So the record holds it sealed, and it is opened here, at the moment of sending, and nowhere else.

export interface EndpointSettings {
  secretKeys: readonly string[]
  outgoing: Outgoing
  /** The receivers' time, by which signatures are judged: never a clock that was moved. */
  clock: Clock
  /** Lets addresses of this machine through; tests and development. */
  local: boolean
}

const addressLengthMax = 2_000
/** So much of an address may be shown. */
const shownLength = 4

/**
 * An https address as the record keeps it: normal and sealed, with its last four characters readable. `belongs` tells
 * whether it is one of this kind. Throws AppError invalid with a sentence.
 */
export function parseEndpoint(
  { secretKeys, local }: EndpointSettings,
  input: string,
  what: { sentence: string; belongs?: (url: URL) => boolean },
): string {
  const text = input.trim()
  const refuse = (sentence: string) => invalid(sentence, { address: sentence })
  if (text.length > addressLengthMax || !URL.canParse(text)) throw refuse(what.sentence)
  const url = new URL(text)
  url.hash = ''
  const refusal = refusalOf(url.href, local)
  if (refusal) throw refuse(refusal)
  if (!local && what.belongs && !what.belongs(url)) throw refuse(what.sentence)
  return seal(secretKeys, url.href, url.href.slice(-shownLength))
}

/** Opens what was sealed; throws DeliveryFailed when no key of ours fits, because then the settings have lost one. */
export function openSealed({ secretKeys }: EndpointSettings, sealed: string): string {
  const text = unseal(secretKeys, sealed)
  if (text === null)
    throw new DeliveryFailed('SECRET_KEY no longer holds the key that sealed this address', { permanent: true })
  return text
}

/** Posts to a sealed address. Throws DeliveryFailed when no answer came; a private address is given up at once. */
export async function postTo(
  settings: EndpointSettings,
  sealed: string,
  json: string,
  headers?: Record<string, string>,
): Promise<OutgoingAnswer> {
  try {
    return await settings.outgoing.post(openSealed(settings, sealed), json, headers)
  } catch (error) {
    if (!(error instanceof OutgoingFailed)) throw error
    const reason = error.message.replace(/\.$/, '')
    if (error.refused) throw new DeliveryFailed(reason, { permanent: true })
    throw new DeliveryFailed(reason, { outcomeUnknown: error.sent, unanswered: true })
  }
}

/** How long an answer asks us to wait; `least` seconds where it throttles without saying. */
export const waitOf = (
  { clock }: EndpointSettings,
  answer: OutgoingAnswer,
  least?: number,
): { retryAfterSeconds?: number } => {
  const seconds = retryAfterOf(answer, toMs(clock.now())) ?? least
  return seconds === undefined ? {} : { retryAfterSeconds: seconds }
}

/** The receipts of one message: of several updates in it each says so. */
export function sentTogether(deliveryIds: readonly string[]): Receipt[] {
  const others = deliveryIds.length - 1
  const note = others ? { note: `in one message with ${others} other update${others > 1 ? 's' : ''}` } : {}
  return deliveryIds.map((deliveryId) => ({ deliveryId, state: 'sent', providerId: null, ...note }))
}
