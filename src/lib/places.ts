import { placeIn } from '#api/publish/places.ts'
import { isLocale, type Locale } from '#content/locales.ts'

/** The language a public path is in: none named is the site's own; null when the name is no language. */
export function localeAt(param: string | undefined, defaultLocale: Locale): Locale | null {
  if (param === undefined) return defaultLocale
  return isLocale(param) && param !== defaultLocale ? param : null
}

export { placeIn }
