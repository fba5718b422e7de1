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

const below = `(?:/(?:${locales.join('|')}))?`
const kinds = '(?:incidents|i|maintenance|components|statements|history)'
const growing = new RegExp(`^${below}/${kinds}/\\w[\\w-]*(?:/(?:\\w[\\w.-]*)?|\\.\\w+)?$|^/sitemap-\\d[\\d-]*\\.xml$`)
const growingFolder = new RegExp(`^${below}/${kinds}/$`)

/** Whether there is more of its kind with the years: single incidents, months, feeds of one service. */
export const isGrowing = (place: string): boolean => growing.test(place)

/** Whether a folder ("/incidents/") holds such places, besides its own page. */
export const holdsGrowing = (folder: string): boolean => growingFolder.test(folder)
