import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { houseLocale, inEveryLanguage, languageName, localeFor, locales } from '#content/locales.ts'
import { missingIn, wordsFolder, wordsOf } from '#content/words.ts'

const filesOf = (locale: string) => readdirSync(join(wordsFolder, locale), { recursive: true, encoding: 'utf8' }).sort()

describe.each(locales)('the folder of %s', (locale) => {
  it('holds the files that every language holds, and the same keys in each', () => {
    expect(filesOf(locale)).toEqual(filesOf(houseLocale))
    expect(missingIn(wordsOf(houseLocale), wordsOf(locale))).toEqual([])
    expect(missingIn(wordsOf(locale), wordsOf(houseLocale))).toEqual([])
  })

  it('has a page for each page, and signs that are patterns', () => {
    for (const page of readdirSync(join(wordsFolder, locale, 'pages')))
      expect(readFileSync(join(wordsFolder, locale, 'pages', page), 'utf8'), page).toMatch(/^# \S/)
    const { hindsight, humanError, statements } = wordsOf(locale).signs
    for (const pattern of [hindsight, humanError, ...Object.values(statements)])
      expect('').not.toMatch(new RegExp(pattern))
    expect(wordsOf(locale).reviews.report.order.flat().sort()).toEqual(
      Object.keys(wordsOf(locale).reviews.report.parts).sort(),
    )
  })
})

it('a key that is missing, blank or of another kind is named by its place', () => {
  const contract = { page: { title: 'Status', list: ['a'], nav: { home: 'Home' } } }
  expect(missingIn(contract, { page: { title: '', list: 'a', nav: {} } })).toEqual([
    'page.title',
    'page.list',
    'page.nav.home',
  ])
})

it('a language is found by the tags that browsers, addresses and files use', () => {
  expect(['zh-CN', 'zh_cn', 'zh-Hans-SG', 'ZH', 'en-GB', 'EN'].map(localeFor)).toEqual([
    ...['zh-CN', 'zh-CN', 'zh-CN', 'zh-CN'],
    ...['en', 'en'],
  ])
  expect(['', 'xx', 'e', 'english', 'api'].map(localeFor)).toEqual(Array(5).fill(undefined))
  expect([languageName('zh-CN', 'en'), languageName('en', 'zh-CN')]).toEqual(['Chinese', '英语'])
})

it('a text of a settings file that a language lacks is shown in the first that it has', () => {
  expect(inEveryLanguage({ 'zh-CN': '示例公司' })).toMatchObject({ en: '示例公司', 'zh-CN': '示例公司' })
  expect(inEveryLanguage({ en: 'Example' })).toMatchObject({ en: 'Example', 'zh-CN': 'Example' })
})
