import { type Message, readFrozen } from '../channel.ts'

/** Whose name every mail bears. */
export interface Sender {
  from: string
  replyTo: string | null
}

/**
 * One mail as it is frozen, in the form that Resend's API takes: a batch then leaves as it is stored, byte for byte. A
 * mail can go by another provider unchanged.
 */
export interface FrozenMail {
  to: string
  from: string
  reply_to?: string
  subject: string
  html: string
  text: string
  headers: Record<string, string>
  tags: { name: string; value: string }[]
}

/** One recipient per mail: nobody sees another's address, and each has a goodbye of their own. */
export function freezeMails({ from, replyTo }: Sender, messages: Message[]): string {
  return JSON.stringify(
    messages.map(
      (message): FrozenMail => ({
        to: message.address,
        from,
        ...(replyTo ? { reply_to: replyTo } : {}),
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
}

/** How a batch of an earlier version begins: it stored its mails in the form that Resend's SDK takes and rewrites. */
const earlierForm = Buffer.from('[{"from"')

/** Whether bytes are a body for Resend's API as they stand; those of an earlier version are not. */
export const isApiBody = (bytes: Buffer): boolean => !bytes.subarray(0, earlierForm.length).equals(earlierForm)

/** The mails of a batch, in their order. */
export const readMails = (bytes: Buffer): FrozenMail[] =>
  readFrozen<(FrozenMail & { replyTo?: string })[]>(bytes).map(({ replyTo, ...mail }) =>
    replyTo ? { ...mail, reply_to: replyTo } : mail,
  )

/** Each mail of a batch as the bytes of a batch of its own. */
export const splitMails = (bytes: Buffer): string[] => readMails(bytes).map((mail) => JSON.stringify([mail]))
