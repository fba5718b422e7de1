import { outgoingTimeoutMs } from '#api/lib/outgoing.ts'
import { hourMs, minuteMs, secondMs, toMs } from '#api/lib/time.ts'
import { type Channel, DeliveryFailed, readFrozen } from '../channel.ts'
import { type EndpointSettings, openSealed, parseEndpoint, postTo, waitOf } from '../endpoint.ts'
import { newEndpointSecret, signatureHeaders } from './sign.ts'

/** After the first attempt, at once: for news, shorter than the specification's own table. */
const waitsMs = [5 * secondMs, minuteMs, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 6 * hourMs, 15 * hourMs] as const
/** Longer than all waits together, each as long as chance lets it be. */
const expiresAfterMs = 29 * hourMs
/** How long a server that is overloaded and does not say for how long is left alone, in seconds. */
const throttledSeconds = 60
const throttles = new Set([429, 502, 504])
const gone = 410
/** A server that hangs holds a lane for as long as a request may take: others need some left. */
const lanes = 16

/** What a receiver did not acknowledge did not arrive: it is sent again, and a receiver that has it drops it. */
function unheard(error: unknown): never {
  if (!(error instanceof DeliveryFailed)) throw error
  throw new DeliveryFailed(error.reason, { permanent: error.permanent, unanswered: error.unanswered })
}

interface Frozen {
  to: string
  id: string
  body: string
}

/** Webhooks: one signed request per update and endpoint, to an address that somebody gave us. */
export function webhookChannel(settings: EndpointSettings): Channel {
  return {
    name: 'webhook',
    provider: 'webhook',
    offReason: null,
    confirmation: 'link',
    perAddress: { restMs: 0 },
    newSecret: newEndpointSecret,
    batchSizeMax: 1,
    perSecond: Number.POSITIVE_INFINITY,
    lanes,
    waitsMs,
    expiresAfterMs,
    sendTimeoutMs: outgoingTimeoutMs,
    // The receiver drops what it has seen: webhook-id is the same over all attempts.
    idempotent: true,
    example: 'https://example.com/status-webhook',
    parse: (input) =>
      parseEndpoint(settings, input, {
        sentence: 'This is not the address of a webhook. One looks like https://example.com/status-webhook.',
      }),
    freeze([message]) {
      const frozen: Frozen = { to: message!.address, id: message!.deliveryId, body: message!.text }
      return JSON.stringify(frozen)
    },
    async send(batch) {
      const { to, id, body } = readFrozen<Frozen>(batch.bytes)
      const secrets = (batch.secrets ?? []).map((secret) => openSealed(settings, secret))
      const atSeconds = Math.floor(toMs(settings.clock.now()) / secondMs)
      const answer = await postTo(settings, to, body, signatureHeaders(secrets, id, atSeconds, body)).catch(unheard)
      const { status } = answer
      const reason = `answered ${status}`
      if (status >= 200 && status < 300) return [{ deliveryId: id, state: 'sent', providerId: id }]
      if (status === gone) return [{ deliveryId: id, state: 'failed', reason, disablesAddress: true }]
      if (status >= 300 && status < 400) throw new DeliveryFailed(`${reason}, a redirect, which is never followed`)
      throw new DeliveryFailed(reason, waitOf(settings, answer, throttles.has(status) ? throttledSeconds : undefined))
    },
  }
}
