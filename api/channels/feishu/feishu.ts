import { createHmac } from 'node:crypto'
import { cutText } from '#api/lib/cut.ts'
import { outgoingTimeoutMs } from '#api/lib/outgoing.ts'
import { hourMs, secondMs, toMs } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'
import { type Channel, DeliveryFailed, type Message, readFrozen } from '../channel.ts'
import { type EndpointSettings, openSealed, parseEndpoint, postTo, sentTogether, waitOf } from '../endpoint.ts'

// Feishu's (Lark's) custom bots: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. They answer HTTP 200 to
// failure: only the code in the body tells.

/** 100 messages a minute and five a second: the slower of the two. */
const restMs = 600
/** Bytes of a request, with room for timestamp and signature. */
const bodyBytesMax = 19 * 1024
const mergedMax = 10
const expiresAfterMs = 12 * hourMs
const lanes = 8
const throttledSeconds = 60
/** Too fast, whoever sends: a robot at its limit, or all of Feishu at a full hour. */
const tooFast = new Set([11232, 99991400])
/** Signature, network or keyword: the robot's own settings refuse us, and only its owner can change them. */
const refusedBySettings = new Set([19021, 19022, 19024])
/** There is no such robot (any more). */
const gone = new Set([19001])
const badBody = 9499

interface Frozen {
  to: string
  deliveryIds: string[]
  message: { msg_type: 'post'; content: object }
}

/** Feishu: one message per update and robot, or one for several that waited. */
export function feishuChannel(settings: EndpointSettings): Channel {
  return {
    name: 'feishu',
    provider: 'feishu',
    offReason: null,
    confirmation: 'link',
    perAddress: { restMs },
    takesSecret: true,
    mergesUpdates: true,
    batchSizeMax: mergedMax,
    perSecond: Number.POSITIVE_INFINITY,
    lanes,
    expiresAfterMs,
    sendTimeoutMs: outgoingTimeoutMs,
    idempotent: false,
    example: 'https://open.feishu.cn/open-apis/bot/v2/hook/…',
    parse: (input) =>
      parseEndpoint(settings, input, {
        sentence: 'This is not a robot of Feishu. One begins with https://open.feishu.cn/open-apis/bot/v2/hook/.',
        belongs: ({ hostname, pathname }) =>
          /^open\.(feishu\.cn|larksuite\.com)$/.test(hostname) && pathname.startsWith('/open-apis/bot/v2/hook/'),
      }),
    freeze(messages) {
      const frozen: Frozen = {
        to: messages[0]!.address,
        deliveryIds: messages.map(({ deliveryId }) => deliveryId),
        message: { msg_type: 'post', content: contentOf(messages) },
      }
      return JSON.stringify(frozen)
    },
    async send(batch) {
      const { to, deliveryIds, message } = readFrozen<Frozen>(batch.bytes)
      const [secret] = (batch.secrets ?? []).map((sealed) => openSealed(settings, sealed))
      const atSeconds = Math.floor(toMs(settings.clock.now()) / secondMs)
      const signed = secret
        ? { timestamp: String(atSeconds), sign: feishuSign(secret, atSeconds), ...message }
        : message
      const answer = await postTo(settings, to, JSON.stringify(signed))
      if (answer.status === 429) throw new DeliveryFailed('feishu 429', waitOf(settings, answer, throttledSeconds))
      const code = codeOf(answer.text)
      const reason = `feishu ${code ?? `answered ${answer.status}`}`
      if (code === null)
        throw new DeliveryFailed(reason, { outcomeUnknown: answer.status === 200 || answer.status >= 500 })
      if (code === 0) return sentTogether(deliveryIds)
      if (tooFast.has(code)) throw new DeliveryFailed(reason, waitOf(settings, answer, throttledSeconds))
      if (gone.has(code))
        return deliveryIds.map((deliveryId) => ({ deliveryId, state: 'failed', reason, disablesAddress: true }))
      throw new DeliveryFailed(reason, { permanent: code === badBody || refusedBySettings.has(code) })
    },
  }
}

/** The signature of a robot that asks for one: an empty text under timestamp and secret (the vendor's own way round). */
export const feishuSign = (secret: string, atSeconds: number): string =>
  createHmac('sha256', `${atSeconds}\n${secret}`).update('').digest('base64')

/** The code of an answer, 0 when the message was taken; null when there is none. Older robots spell it StatusCode. */
function codeOf(text: string): number | null {
  try {
    const answer: { code?: unknown; StatusCode?: unknown } | null = JSON.parse(text)
    const code = answer?.code ?? answer?.StatusCode
    return typeof code === 'number' ? code : null
  } catch {
    return null
  }
}

/** How a language is called there: by its own name and its usual country, "en_us". */
const keyOf = (locale: Locale): string => {
  const { language, region } = new Intl.Locale(locale).maximize()
  return `${language}_${region}`.toLowerCase()
}
const bytesOf = (text: string) => Buffer.byteLength(JSON.stringify(text))

/** A post of several updates, each in its share of what a request may hold. */
function contentOf(messages: Message[]): object {
  const share = Math.floor(bodyBytesMax / messages.length)
  const [first] = messages
  const many = messages.length > 1
  const paragraphs = messages.flatMap((message, place) => [
    ...(place ? [[{ tag: 'text', text: ' ' }]] : []),
    ...paragraphsOf(message, share, many),
  ])
  const title = many ? '' : cutText(first!.chat?.heading ?? '', 500, bytesOf)
  return { post: { [keyOf(first!.locale)]: { title, content: paragraphs } } }
}

function paragraphsOf({ chat, text }: Message, share: number, withHeading: boolean): object[][] {
  // What each paragraph costs around its text, and what heading and link may take.
  const overhead = 60
  const line = (words: string, most: number) => [{ tag: 'text', text: quiet(cutText(words, most, bytesOf)) }]
  if (!chat) return [line(text, share - overhead)]
  const link = chat.link ? [[{ tag: 'a', text: chat.link.label, href: chat.link.url }]] : []
  const heading = withHeading ? [line(chat.heading, 500)] : []
  let room = share - overhead * 4 - 500 - bytesOf(JSON.stringify(link))
  const body = line(chat.body, Math.floor((room * 2) / 3))
  room -= bytesOf(JSON.stringify(body))
  const facts: object[][] = []
  for (const { label, value } of chat.facts) {
    const fact = line(`${label}: ${value}`, Math.min(room - overhead, 2_000))
    room -= bytesOf(JSON.stringify(fact)) + overhead
    if (room < overhead * 2) break
    facts.push(fact)
  }
  return [...heading, body, ...facts, ...link]
}

/** A text cannot call people together. */
const quiet = (text: string) => text.replace(/<(\/?at\b)/gi, '＜$1')
