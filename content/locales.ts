/** The languages every word exists in. Adding one is a folder of its own name in words, pages, notices and templates, and one line here. */
export const locales = ['en', 'zh-CN'] as const
export type Locale = (typeof locales)[number]

/** What each language calls itself. */
export const localeNames: Record<Locale, string> = { en: 'English', 'zh-CN': '简体中文' }

/** A text that a person wrote, per language; at least one is there. */
export type Words = Partial<Record<Locale, string>>
export const isLocale = (text: string): text is Locale => (locales as readonly string[]).includes(text)
