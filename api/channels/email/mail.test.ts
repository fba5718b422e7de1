import { expect, it } from 'vitest'
import type { Message } from '../channel.ts'
import { type FrozenMail, freezeMails, isApiBody, readMails, splitMails } from './mail.ts'

const sender = { from: '禾舟 <status@hezhou.example>', replyTo: 'help@hezhou.example' }
const messages = Array.from(
  { length: 3 },
  (_, i): Message => ({
    deliveryId: `d${i}`,
    noticeId: 'n',
    address: `reader.${i}@mail.example`,
    locale: 'zh-CN',
    subject: 'Down',
    html: `<p>短信 🧭 ${i}</p>`,
    text: `短信 ${i}\n`,
    headers: { 'List-Unsubscribe': `<https://status.hezhou.example/unsubscribe/${i}>` },
  }),
)
const bytes = Buffer.from(freezeMails(sender, messages))

it('a batch is stored as the body that leaves, and each of its mails by itself is one too', () => {
  const mails = readMails(bytes)
  expect(mails.map(({ to, reply_to }) => [to, reply_to])).toEqual(
    messages.map(({ address }) => [address, 'help@hezhou.example']),
  )
  expect(isApiBody(bytes)).toBe(true)
  expect(splitMails(bytes).flatMap((one) => readMails(Buffer.from(one)))).toEqual(mails)
  expect(splitMails(bytes).every((one) => isApiBody(Buffer.from(one)))).toBe(true)
})

it('a batch that an earlier version stored is read as the same mails, and is known not to be a body', () => {
  const mails = readMails(bytes)
  const earlier = mails.map(({ from, to, reply_to, ...rest }: FrozenMail) => ({ from, to, replyTo: reply_to, ...rest }))
  const stored = Buffer.from(JSON.stringify(earlier))
  expect(isApiBody(stored)).toBe(false)
  expect(readMails(stored)).toEqual(mails)
})
