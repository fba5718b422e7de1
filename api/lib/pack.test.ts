import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { hashText, pack, packHashed, unpack } from './pack.ts'

const text = JSON.stringify(Array.from({ length: 100 }, (_, i) => `短信和邮件登录不可用 ${i} 🧭`))

it('what is packed comes back as it was, with the hash of the text', () => {
  const { packed, hash } = packHashed(text)
  expect(unpack(packed).toString()).toBe(text)
  expect(unpack(pack(text)).toString()).toBe(text)
  expect(hash).toBe(hashText(text))
  expect(packed.length).toBeLessThan(text.length / 4)
})

it('what an earlier version packed is read still, and what is neither is refused', () => {
  expect(unpack(gzipSync(text, { level: 1 }).toString('base64')).toString()).toBe(text)
  expect(() => unpack(Buffer.from(text).toString('base64'))).toThrow()
})
