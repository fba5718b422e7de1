import { expect, it } from 'vitest'
import { locales } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { saidIn } from './forms.ts'
import { reasonIn, refusalIn } from './reason.ts'

const desk = wordsOf('zh-CN').admin

it('reasons and refusals that the program words stand in the desk’s language, with what differs in its place', () => {
  expect(reasonIn(desk, 'gave up after 7 attempts: timed out').text).toMatch(/7/)
  expect(refusalIn('zh-CN', 'Somebody has this address already.')).toBe('此邮箱地址已有人使用。')
  expect(refusalIn('zh-CN', 'This text is longer than 200 characters.')).toBe('文字超过 200 个字符。')
})

it('what is in no list stays as it is, in English, and is marked as such', () => {
  expect(reasonIn(desk, '550 mailbox full')).toEqual({ text: '550 mailbox full', lang: 'en' })
  const sentence = 'What a proxy in between has answered is in no list.'
  expect(refusalIn('zh-CN', sentence)).toBe(sentence)
  expect(saidIn(sentence, 'zh-CN')).toBe('en')
  expect(saidIn('此邮箱地址已有人使用。', 'zh-CN')).toBe('zh-CN')
})

it('the list asks for the same values in each language', () => {
  const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()
  for (const locale of locales)
    for (const [pattern, words] of Object.entries(wordsOf(locale).admin.reasons))
      expect(values(pattern), pattern).toEqual(expect.arrayContaining(values(words)))
})
