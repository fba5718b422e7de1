import { expect, it } from 'vitest'
import { hashText } from '#api/lib/pack.ts'
import type { Message } from '../channel.ts'
import { freezeMails, readMails } from './mail.ts'

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

it('mails kept in memory are those that stand in the stored bytes, byte for byte', () => {
  const bytes = freezeMails(sender, messages)
  const kept = readMails(bytes)
  const stored = readMails(bytes)
  expect(kept).not.toBe(stored)
  expect(kept).toEqual(stored)
  for (const mails of [kept, stored]) expect(hashText(JSON.stringify(mails))).toBe(hashText(bytes))
})

it('only the batches frozen last are kept, and each for one sending', () => {
  const all = Array.from({ length: 12 }, (_, i) => freezeMails({ ...sender, replyTo: `${i}@hezhou.example` }, messages))
  const again = all.map((bytes) => readMails(bytes))
  expect(again.map(([mail]) => mail?.replyTo)).toEqual(all.map((_, i) => `${i}@hezhou.example`))
})
