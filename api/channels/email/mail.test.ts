import { expect, it } from 'vitest'
import type { Message } from '../channel.ts'
import { filled, markOf } from '../filling.ts'
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

it('what all readers share is written once, and reads as if each mail had been written by itself', () => {
  const shared = {
    subject: '故障 "订单"',
    html: `<p>短信 🧭 \\ "</p><a href="${markOf('unsubscribe')}">退订</a><a href="${markOf('preferences')}">…</a>`,
    text: `短信\n${markOf('unsubscribe')}\n${markOf('preferences')}\u2028`,
  }
  const many = messages.flatMap((message, i): Message[] => [
    {
      ...message,
      ...shared,
      fills: { unsubscribe: `https://a.example/"${i}"`, preferences: `https://b.example/${i}` },
    },
    message,
  ])
  const each = many.map(({ fills, ...message }) => ({
    ...message,
    html: filled(message.html ?? '', fills),
    text: filled(message.text, fills),
  }))
  expect(readMails(Buffer.from(freezeMails(sender, many)))).toEqual(readMails(Buffer.from(freezeMails(sender, each))))
  expect(freezeMails(sender, many)).toBe(freezeMails(sender, each))
  expect(freezeMails(sender, each)).toBe(JSON.stringify(readMails(Buffer.from(freezeMails(sender, each)))))
})

it('a batch that an earlier version stored is read as the same mails, and is known not to be a body', () => {
  const mails = readMails(bytes)
  const earlier = mails.map(({ from, to, reply_to, ...rest }: FrozenMail) => ({ from, to, replyTo: reply_to, ...rest }))
  const stored = Buffer.from(JSON.stringify(earlier))
  expect(isApiBody(stored)).toBe(false)
  expect(readMails(stored)).toEqual(mails)
})
