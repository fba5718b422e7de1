import { everywhere } from '#api/publish/places.ts'
import type { HistoryDocument } from '#api/status/document.ts'
import type { Locale } from '#content/locales.ts'
import { xmlText } from './xml.ts'

const head = '<?xml version="1.0" encoding="UTF-8"?>\n'
const space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'

/** The sitemap of sitemaps (sitemaps.org): the standing pages and one for each month, so that a change rewrites little. */
export const sitemapIndex = (publicUrl: string, months: readonly string[]): string => {
  const places = ['/sitemap-pages.xml', ...months.map((month) => `/sitemap-${month}.xml`)]
  const entries = places.map((place) => `<sitemap><loc>${xmlText(publicUrl + place)}</loc></sitemap>`)
  return `${head}<sitemapindex ${space}>\n${entries.join('\n')}\n</sitemapindex>\n`
}

/** Public paths, in every language, as a sitemap. */
export const sitemap = (publicUrl: string, defaultLocale: Locale, paths: readonly string[]): string => {
  const urls = paths.flatMap((path) => everywhere(defaultLocale, path))
  return `${head}<urlset ${space}>\n${urls.map((url) => `<url><loc>${xmlText(publicUrl + url)}</loc></url>`).join('\n')}\n</urlset>\n`
}

/** The public paths that a month holds. */
export const pathsOf = (history: HistoryDocument): string[] => [
  `/history/${history.month}/`,
  ...history.incidents.map(({ id }) => `/incidents/${id}/`),
  ...history.maintenances.map(({ id }) => `/maintenance/${id}/`),
  ...history.statements.map(({ id }) => `/statements/${id}/`),
]
