import { cutText } from '#api/lib/cut.ts'
import { outgoingTimeoutMs } from '#api/lib/outgoing.ts'
import { hourMs, secondMs } from '#api/lib/time.ts'
import { type Channel, type ChatParts, DeliveryFailed, type Message, readFrozen } from '../channel.ts'
import { type EndpointSettings, parseEndpoint, postTo, sentTogether, waitOf } from '../endpoint.ts'

// Slack's incoming webhooks: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.

/** One message a second and webhook. */
const restMs = secondMs
/** Characters of one section block. */
const sectionMax = 3_000
/** Updates in one message: with up to three blocks each far from the 50 that Slack takes, and still readable. */
const mergedMax = 10
const expiresAfterMs = 12 * hourMs
const lanes = 8
const throttledSeconds = 30
/** The webhook or its channel is gone: no_service, channel_not_found, channel_is_archived. */
const gone = new Set([404, 410])

interface Frozen {
  to: string
  deliveryIds: string[]
  body: string
}

/** Slack: one message per update and incoming webhook, or one for several that waited. */
export function slackChannel(settings: EndpointSettings): Channel {
  return {
    name: 'slack',
    provider: 'slack',
    offReason: null,
    confirmation: 'link',
    perAddress: { restMs },
    mergesUpdates: true,
    batchSizeMax: mergedMax,
    perSecond: Number.POSITIVE_INFINITY,
    lanes,
    expiresAfterMs,
    sendTimeoutMs: outgoingTimeoutMs,
    idempotent: false,
    example: 'https://hooks.slack.com/services/T000/B000/XXXX',
    parse: (input) =>
      parseEndpoint(settings, input, {
        sentence: 'This is not a webhook of Slack. One begins with https://hooks.slack.com/.',
        belongs: ({ hostname }) => /^hooks\.slack(-gov)?\.com$/.test(hostname),
      }),
    freeze(messages) {
      const frozen: Frozen = {
        to: messages[0]!.address,
        deliveryIds: messages.map(({ deliveryId }) => deliveryId),
        body: JSON.stringify({
          text: cutText(escapeMrkdwn(messages.map(({ chat, text }) => chat?.heading ?? text).join('\n')), sectionMax),
          blocks: messages.flatMap((message, place) => [...(place ? [{ type: 'divider' }] : []), ...blocksOf(message)]),
        }),
      }
      return JSON.stringify(frozen)
    },
    async send(batch) {
      const { to, deliveryIds, body } = readFrozen<Frozen>(batch.bytes)
      const answer = await postTo(settings, to, body)
      const { status } = answer
      if (status === 200) return sentTogether(deliveryIds)
      // Slack names its errors in one word, such as "no_service"; anything longer is no word of Slack's.
      const word = /^[a-z_]{1,40}$/.exec(answer.text.trim())?.[0]
      const reason = `slack ${status}${word ? ` ${word}` : ''}`
      if (gone.has(status))
        return deliveryIds.map((deliveryId) => ({ deliveryId, state: 'failed', reason, disablesAddress: true }))
      if (status === 429) throw new DeliveryFailed(reason, waitOf(settings, answer, throttledSeconds))
      if (status >= 500) throw new DeliveryFailed(reason, { outcomeUnknown: true, ...waitOf(settings, answer) })
      throw new DeliveryFailed(reason, { permanent: true })
    },
  }
}

/** What would be markup or call people together, as plain characters. */
export const escapeMrkdwn = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** An escaped text within Slack's limit: what is cut is the text, never one of its escapes. */
const escapedUpTo = (text: string, most = sectionMax): string => {
  const escapedLength = (part: string) => escapeMrkdwn(part).length
  return escapeMrkdwn(cutText(text, most, escapedLength))
}

// "verbatim": without it Slack would read names of people and channels out of the text and call them.
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } })

function blocksOf({ chat, text }: Message): object[] {
  if (!chat) return [section(escapedUpTo(text))]
  const facts = factLines(chat)
  const link = chat.link ? `<${chat.link.url}|${escapedUpTo(chat.link.label, 200)}>` : ''
  const heading = escapedUpTo(chat.heading, 500)
  return [
    section(`*${heading}*\n${escapedUpTo(chat.body, sectionMax - heading.length - 3)}`),
    ...(facts ? [section(facts)] : []),
    ...(link ? [section(link)] : []),
  ]
}

function factLines({ facts }: ChatParts): string {
  let lines = ''
  for (const { label, value } of facts) {
    const head = `*${escapedUpTo(label, 100)}*  `
    const room = sectionMax - lines.length - head.length - 1
    if (room < 100) break
    lines += `${lines ? '\n' : ''}${head}${escapedUpTo(value, room)}`
  }
  return lines
}
