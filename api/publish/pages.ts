import type { App } from '#api/app.ts'
import { feedLength, rssFeed } from '#api/feeds/rss.ts'
import {
  changesSince,
  maintainedMonths,
  readAddresses,
  readMonths,
  readRevision,
  readStatus,
  readUpdates,
} from '#api/status/read.ts'
import type { Locale } from '#content/locales.ts'
import { locales } from '#content/locales.ts'
import { everywhere, placeIn } from './places.ts'

/** Pages that are there whatever happens. */
const standing = ['/history/', '/how-we-communicate/', '/privacy/', '/subscribe/', '/subscribe/manage/', '/404.html']

const feed = '/history.rss'
const ofIncident = ({ id, code }: { id: string; code: string }) => [`/incidents/${id}/`, `/i/${code}/`]

/** What every change shows in. */
const always = ['/', feed]

/** Every public place, first pages first. */
export async function everyPlace(app: App): Promise<string[]> {
  const { open, knownIssues } = await readStatus(app)
  const months = await readMonths(app)
  const places = new Set([...always, ...standing, ...[...open, ...knownIssues].flatMap(ofIncident)])
  for (const month of months) places.add(`/history/${month}/`)
  for (const address of await readAddresses(app)) for (const place of ofIncident(address)) places.add(place)
  return inEveryLanguage(app, [...places])
}

/** What must be drawn again, and the revision it will then show: what people read now, and what they may look up. */
export interface Changed {
  revision: number
  news: string[]
  rest: string[]
}

/** What must be drawn again after a change; nothing when there was none. */
export async function changedPlaces(app: App, since: number): Promise<Changed> {
  if ((await readRevision(app)) === since) return { revision: since, news: [], rest: [] }
  const { revision, incidents, months, components, naming } = await changesSince(app, since)
  const rest = [
    ...months.map((month) => `/history/${month}/`),
    '/history/',
    ...(components ? ['/subscribe/'] : []),
    ...naming.map(({ id }) => `/incidents/${id}/`),
  ]
  const news = [...always, ...incidents.flatMap(ofIncident)]
  return { revision, news: inEveryLanguage(app, news), rest: inEveryLanguage(app, rest) }
}

/** What time alone changes. */
export async function timelyPlaces(app: App): Promise<string[]> {
  const { open, knownIssues } = await readStatus(app)
  const incidents = [...open, ...knownIssues].map(({ id }) => `/incidents/${id}/`)
  const months = (await maintainedMonths(app)).map((month) => `/history/${month}/`)
  return inEveryLanguage(app, ['/', ...incidents, '/history/', ...months])
}

const inEveryLanguage = (app: App, places: string[]) =>
  places.flatMap((place) => everywhere(app.site.defaultLocale, place))

/** The language of a feed's place; null when the place is none. */
function feedLocale(app: App, place: string): Locale | null {
  return locales.find((locale) => placeIn(locale, app.site.defaultLocale, feed) === place) ?? null
}

/** Draws a feed; null when the place is a page. */
export async function drawFeed(app: App, place: string): Promise<Buffer | null> {
  const locale = feedLocale(app, place)
  if (!locale) return null
  const entries = await readUpdates(app, { limit: feedLength })
  return Buffer.from(
    rssFeed({ site: app.site, publicUrl: app.config.publicUrl, locale, entries, at: app.now() }),
    'utf8',
  )
}
