import { type Message, readFrozen } from '../channel.ts'
import { cutAtMarks } from '../filling.ts'

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

/**
 * One recipient per mail: nobody sees another's address, and each has a goodbye of their own. The JSON of FrozenMail[], in which
 * what all readers share is written once and copied: it is 8 KB for each, and written anew it would take most of the time.
 */
export function freezeMails({ from, replyTo }: Sender, messages: Message[]): string {
  const shared = new Map<string, { subject: string; text: string; cut: string[] }>()
  const cutOf = ({ subject = '', html = '', text }: Message): string[] => {
    const known = shared.get(html)
    if (known?.subject === subject && known.text === text) return known.cut
    const json = JSON.stringify({ from, ...(replyTo ? { reply_to: replyTo } : {}), subject, html, text })
    const cut = cutAtMarks(json.slice(1, -1))
    shared.set(html, { subject, text, cut })
    return cut
  }
  const parts: string[] = []
  for (const message of messages) {
    const { address, headers = {}, fills = {}, deliveryId, noticeId } = message
    parts.push(parts.length ? ',{"to":' : '[{"to":', JSON.stringify(address), ',')
    for (const [place, part] of cutOf(message).entries())
      parts.push(place % 2 ? JSON.stringify(fills[part] ?? '').slice(1, -1) : part)
    const tags = [
      { name: 'delivery', value: deliveryId },
      { name: 'notice', value: noticeId },
    ]
    parts.push(',"headers":', JSON.stringify(headers), ',"tags":', JSON.stringify(tags), '}')
  }
  return `${parts.join('')}]`
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
