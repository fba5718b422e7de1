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
export const freezeMails = ({ from, replyTo }: Sender, messages: Message[]): string =>
  JSON.stringify(
    messages.map(
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
    ),
  )

/** The mails of a batch, in their order. */
export const readMails = (bytes: string): FrozenMail[] => JSON.parse(bytes) as FrozenMail[]

/** Each mail of a batch as the bytes of a batch of its own. */
export const splitMails = (bytes: string): string[] => readMails(bytes).map((mail) => JSON.stringify([mail]))
