/** A line per language: what it calls itself and, where its own tag is not how its dates are written, whose form they have. */
const languages = {
  en: { name: 'English', dates: 'en-GB' },
  'zh-CN': { name: '简体中文' },
} satisfies Record<string, { name: string; dates?: string }>

/**
 * The languages everything exists in, by their BCP 47 tags; a text without a reader's own is shown in the first that it
 * has. Adding one is a line above and a folder of its name in content/words: labels, pages, templates, and the signs that
 * texts are read by.
 */
export type Locale = keyof typeof languages
export const locales = Object.keys(languages) as [Locale, ...Locale[]]
const facts: Record<Locale, { name: string; dates?: string }> = languages

/** What the API, the record and the log speak, whoever reads them. */
export const houseLocale: Locale = 'en'

const byLocale = <T>(make: (locale: Locale) => T) =>
  Object.fromEntries(locales.map((locale) => [locale, make(locale)])) as Record<Locale, T>

/** What each language calls itself. */
export const localeNames = byLocale((locale) => facts[locale].name)
/** The tag by whose forms a language writes dates: British for English, "11 November". */
export const dateForms: Record<Locale, string> = byLocale((locale) => facts[locale].dates ?? locale)

/** A text that a person wrote, per language; at least one is there. */
export type Words = Partial<Record<Locale, string>>
export const isLocale = (text: string): text is Locale => (locales as readonly string[]).includes(text)

const first = (tag: string) => tag.toLowerCase().split(/[-_]/)[0]

/** The language that a tag means as browsers, addresses and files write it ("zh-Hans-SG", "EN_us"): itself, else its kin. */
export const localeFor = (tag: string): Locale | undefined =>
  locales.find((locale) => locale.toLowerCase() === tag.toLowerCase().replaceAll('_', '-')) ??
  locales.find((locale) => first(locale) === first(tag))

/** What readers of one language call another: "Chinese", with its region only where two of the kind are there. */
export function languageName(language: Locale, locale: Locale): string {
  const kin = locales.filter((other) => first(other) === first(language))
  const tag = (kin.length > 1 ? language : first(language)) ?? language
  return new Intl.DisplayNames(locale, { type: 'language' }).of(tag) ?? facts[language].name
}

/** A text of a settings file in every language: where it is not given, in the first that is. */
export function inEveryLanguage(words: Words): Record<Locale, string> {
  const given = locales.map((locale) => words[locale]).find((text) => text !== undefined) ?? ''
  return byLocale((locale) => words[locale] ?? given)
}
