import { type Locale, locales } from '#content/locales.ts'

/** A public path ("/history/") in a language: the site's own stands at the root, others under their name. */
export const placeIn = (locale: Locale, defaultLocale: Locale, path: string): string =>
  locale === defaultLocale ? path : `/${locale}${path}`

/** Pages that are there whatever happens, besides the first one, and that a search engine may find. */
export const standing = ['/history/', '/uptime/', '/statements/', '/how-we-communicate/', '/privacy/', '/subscribe/']

/** The language of a place, and its path as it is in the site's own language. */
export function readPlace(place: string, defaultLocale: Locale): { locale: Locale; path: string } {
  const locale = locales.find((one) => one !== defaultLocale && place.startsWith(`/${one}/`))
  return locale ? { locale, path: place.slice(locale.length + 1) } : { locale: defaultLocale, path: place }
}

/** A public path in every language. */
export const everywhere = (defaultLocale: Locale, path: string): string[] =>
  locales.map((locale) => placeIn(locale, defaultLocale, path))

/** The file of a public path below the published folder: a folder's path is its index. */
export const fileOf = (place: string): string => (place.endsWith('/') ? `${place}index.html` : place).slice(1)

/** The public path of a published file. */
export const placeOf = (file: string): string => `/${file}`.replace(/\/index\.html$/, '/')
