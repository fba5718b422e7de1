import type { Message } from '../channel.ts'

/** Whose name every mail bears. */
export interface Sender {
  from: string
  replyTo: string | null
}

/** One mail as it is frozen: the same form for every provider, so that a mail can go by another one unchanged. */
export interface FrozenMail {
  from: string
  to: string
  replyTo?: string
  subject: string
  html: string
  text: string
  headers: Record<string, string>
  tags: { name: string; value: string }[]
}

/** One recipient per mail: nobody sees another's address, and each has a goodbye of their own. */
export function freezeMails({ from, replyTo }: Sender, messages: Message[]): string {
  const mails = messages.map(
    (message): FrozenMail => ({
      from,
      to: message.address,
      ...(replyTo ? { replyTo } : {}),
      subject: message.subject ?? '',
      html: message.html ?? '',
      text: message.text,
      headers: message.headers ?? {},
      tags: [
        { name: 'delivery', value: message.deliveryId },
        { name: 'notice', value: message.noticeId },
      ],
    }),
  )
  const bytes = JSON.stringify(mails)
  if (mails.length > 1) remember(bytes, mails)
  return bytes
}

/** What was frozen last, so that large batches need not be parsed again a moment later. */
const frozenLast = new Map<string, FrozenMail[]>()
const frozenLastMax = 8

function remember(bytes: string, mails: FrozenMail[]): void {
  frozenLast.set(bytes, mails)
  for (const oldest of frozenLast.keys()) {
    if (frozenLast.size <= frozenLastMax) break
    frozenLast.delete(oldest)
  }
}

/** The mails of a batch, in their order: those that these bytes were made of, or read from the bytes, which are the same. */
export function readMails(bytes: string): FrozenMail[] {
  const mails = frozenLast.get(bytes)
  frozenLast.delete(bytes)
  return mails ?? (JSON.parse(bytes) as FrozenMail[])
}

/** Each mail of a batch as the bytes of a batch of its own. */
export const splitMails = (bytes: string): string[] => readMails(bytes).map((mail) => JSON.stringify([mail]))
