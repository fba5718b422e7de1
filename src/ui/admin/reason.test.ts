import { expect, it } from 'vitest'
import { locales } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { saidIn } from './forms.ts'
import { reasonIn, refusalIn } from './reason.ts'

const desk = wordsOf('zh-CN').admin

it('reasons and refusals that the program words stand in the desk’s language, with what differs in its place', () => {
  expect(reasonIn(desk, 'gave up after 7 attempts: timed out').text).toMatch(/7/)
  expect(refusalIn(desk, 'Somebody has this address already.')).toBe('此邮箱地址已有人使用。')
  expect(refusalIn(desk, 'This text is longer than 200 characters.')).toBe('文字超过 200 个字符。')
})

it('what is in no list stays as it is, in English, and is marked as such', () => {
  expect(reasonIn(desk, '550 mailbox full')).toEqual({ text: '550 mailbox full', lang: 'en' })
  const sentence = 'What was said in public stays public: this incident cannot become severity 3.'
  expect(refusalIn(desk, sentence)).toBe(sentence)
  expect(saidIn(sentence, 'zh-CN')).toBe('en')
  expect(saidIn('此邮箱地址已有人使用。', 'zh-CN')).toBe('zh-CN')
})

it('every list asks for the same values in each language', () => {
  const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()
  for (const locale of locales)
    for (const list of [wordsOf(locale).admin.reasons, wordsOf(locale).admin.refusals])
      for (const [pattern, words] of Object.entries(list))
        expect(values(pattern), pattern).toEqual(expect.arrayContaining(values(words)))
})
