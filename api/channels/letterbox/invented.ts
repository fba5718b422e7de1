import { hintOf, unseal } from '#api/lib/seal.ts'
import type { Channel, Message } from '../channel.ts'
import { letterboxChannel } from './letterbox.ts'

/** A name under which nothing will ever answer: RFC 2606 keeps it for examples. */
const inventedEnd = '.example'
/** How a batch of letters begins; what channels freeze for an address of their own is an object. */
const listBegins = '['.charCodeAt(0)

/**
 * The same channel, but what would go to an invented address lies in the letterbox: a demonstration has a hundred
 * subscribers that no network leads to, and somebody who subscribes a real address still hears there.
 */
export function keepingInvented(
  channel: Channel,
  where: { dir: string; clock: Parameters<typeof letterboxChannel>[1]; secretKeys: readonly string[] },
): Channel {
  const { name, confirmation, parse, example } = channel
  const box = letterboxChannel(where.dir, where.clock, { name, confirmation, parse, ...(example ? { example } : {}) })
  const open = ({ address }: Message): string | null => unseal(where.secretKeys, address)
  return {
    ...channel,
    freeze(messages) {
      const url = URL.parse(open(messages[0]!) ?? '')
      return url?.hostname.endsWith(inventedEnd)
        ? box.freeze(messages.map((message) => letterOf(message, url)))
        : channel.freeze(messages)
    },
    send: (batch, heard) => (batch.bytes[0] === listBegins ? box.send(batch) : channel.send(batch, heard)),
  }
}

/** A message as staff read it; the path of its address is a secret, so only its host and last letters are shown. */
function letterOf({ chat, ...message }: Message, { host }: URL): Message {
  const shown = { ...message, address: `${host}/…${hintOf(message.address) ?? ''}` }
  if (!chat) return { ...shown, ...requestOf(message.text) }
  const facts = chat.facts.map(({ label, value }) => `${label}\n${value}`)
  const parts = [chat.body, ...facts, ...(chat.link ? [`${chat.link.label}: ${chat.link.url}`] : [])]
  return { ...shown, subject: chat.heading, text: parts.join('\n\n') }
}

/** The body of a request, laid out to be read, under what it is about. */
function requestOf(text: string): Pick<Message, 'subject' | 'text'> {
  try {
    const body = JSON.parse(text) as { type?: string; data?: { incident?: { name?: string } } }
    const subject = [body.type, body.data?.incident?.name].filter(Boolean).join(': ')
    return { subject, text: JSON.stringify(body, null, 2) }
  } catch {
    return { text }
  }
}
