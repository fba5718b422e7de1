import type { App } from '#api/app.ts'
import { gravest } from '#api/components/component.ts'
import { readPlace, standing } from '#api/publish/places.ts'
import { readRecentIncidents, readRecentMaintenances, recordIdentity } from '#api/status/read.ts'
import { openReading, type Reading } from '#api/status/reading.ts'
import { readStatementNews } from '#api/status/statements.ts'
import type { Locale } from '#content/locales.ts'
import { atomFeed } from './atom.ts'
import { badge } from './badge.ts'
import { calendar, calendarPath } from './calendar.ts'
import { type Feed, feedLength, feedOf } from './entries.ts'
import { jsonFeed } from './json-feed.ts'
import { rssFeed } from './rss.ts'
import { searchEntries } from './search.ts'
import { pathsOf, sitemap, sitemapIndex } from './sitemap.ts'
import { statementFeedOf } from './statement-entries.ts'
import { listLength, statuspageDocuments } from './statuspage.ts'

// What programs read instead of people, as files beside the pages.

const formats: Record<string, (feed: Feed) => string> = {
  'history.rss': rssFeed,
  'history.atom': atomFeed,
  'feed.json': jsonFeed,
}
const names = Object.keys(formats)

/** Paths in the site's own language that are there in every language and change with every change. */
export const everyChange = [...names.map((name) => `/${name}`), '/badge.svg']
/** Paths in the site's own language that change with every maintenance. */
export const ofMaintenances = [calendarPath]
/** Paths that stand once, for all languages. */
export const once = Object.keys(statuspageDocuments)
/** Paths that stand once and change when a month comes to hold its first entry. */
export const ofAllMonths = ['/history/months.json', '/sitemap.xml', '/sitemap-pages.xml', '/robots.txt']
/** Paths of what is made of one month: a search index in every language, and a sitemap once. */
export const searchOf = (month: string): string => `/history/${month}.json`
export const sitemapOf = (month: string): string => `/sitemap-${month}.xml`
/** Paths in the site's own language of what tells of these components. */
export const ofComponents = (ids: readonly string[]): string[] =>
  ids.flatMap((id) => names.map((name) => `/components/${id}/${name}`))

/** Paths in the site's own language of what tells of statements. */
export const ofStatements = names.map((name) => `/statements/${name}`)

/** Draws documents: null when a place is a page, undefined when there is nothing there (any more). */
export type DrawDocument = (place: string) => Promise<Buffer | null | undefined>

/** Opens the drawing of documents from one reading of the record: what two of them need is read once. */
export function openDocuments(app: App, reading: Reading = openReading(app)): DrawDocument {
  const { site, config } = app
  const { status, updates } = reading
  const once = <T>(read: () => Promise<T>) => {
    let reading: Promise<T> | undefined
    return () => {
      reading ??= read()
      return reading
    }
  }
  const record = once(() => recordIdentity(app))
  const components = once(async () => (await status()).groups.flatMap((group) => group.components))
  const news = once(() => readStatementNews(app, feedLength))
  const parts = once(async () => ({
    site,
    publicUrl: config.publicUrl,
    record: await record(),
    status: await status(),
    incidents: await readRecentIncidents(app, listLength),
    maintenances: await readRecentMaintenances(app, listLength),
  }))

  /** What stands beside feeds: the search, the maps, the picture. */
  const textOf = async (path: string, locale: Locale): Promise<string | null> => {
    const [, searched, mapped] = /^\/(?:history\/(\d{4}-\d\d)\.json|sitemap-(\d{4}-\d\d)\.xml)$/.exec(path) ?? []
    if (searched) return JSON.stringify(searchEntries(await reading.history(searched), locale, site.defaultLocale))
    if (mapped) return sitemap(config.publicUrl, site.defaultLocale, pathsOf(await reading.history(mapped)))
    switch (path) {
      case '/history/months.json':
        return JSON.stringify(await reading.months())
      case '/sitemap.xml':
        return sitemapIndex(config.publicUrl, await reading.months())
      case '/sitemap-pages.xml':
        return sitemap(config.publicUrl, site.defaultLocale, ['/', ...standing])
      case '/robots.txt':
        return `User-agent: *\nAllow: /\nDisallow: /admin/\nSitemap: ${config.publicUrl}/sitemap.xml\n`
      case calendarPath: {
        const { record, maintenances } = await parts()
        return calendar({ site, publicUrl: config.publicUrl, locale, record, maintenances })
      }
      case '/badge.svg':
        return badge(gravest((await components()).map((one) => one.status)), locale)
      default:
        return null
    }
  }

  return async (place) => {
    const statuspage = statuspageDocuments[place]
    if (statuspage) return Buffer.from(`${JSON.stringify(statuspage(await parts()))}\n`)
    const { locale, path } = readPlace(place, site.defaultLocale)
    const text = await textOf(path, locale)
    if (text !== null) return Buffer.from(text)
    const [, folder, componentId, name = ''] =
      /^\/(?:(components\/([a-z0-9]{12})|statements)\/)?([a-z.]+)$/.exec(path) ?? []
    const format = formats[name]
    if (!format) return null
    const about = { site, publicUrl: config.publicUrl, record: await record(), locale, path, at: app.now() }
    if (folder === 'statements') {
      const reports = await updates({ limit: feedLength, status: 'postmortem' })
      return Buffer.from(format(statementFeedOf({ ...about, news: await news(), reports })))
    }
    const component = componentId === undefined ? undefined : (await components()).find(({ id }) => id === componentId)
    if (componentId !== undefined && !component) return undefined
    const entries = await updates({ limit: feedLength, ...(component && { componentId: component.id }) })
    const base = { ...about, entries }
    return Buffer.from(format(feedOf(component ? { ...base, component } : base)))
  }
}
