import type { App } from '#api/app.ts'
import { everyChange, ofComponents, once } from '#api/feeds/documents.ts'
import {
  changesSince,
  maintainedMonths,
  readAddresses,
  readMonths,
  readRevision,
  readStatus,
} from '#api/status/read.ts'
import { everywhere } from './places.ts'

/** Pages that are there whatever happens. */
const standing = ['/history/', '/how-we-communicate/', '/privacy/', '/subscribe/', '/subscribe/manage/', '/404.html']

const ofIncident = ({ id, code }: { id: string; code: string }) => [`/incidents/${id}/`, `/i/${code}/`]

/** What every change shows in. */
const always = ['/', ...everyChange]

/** Every public place, first pages first. */
export async function everyPlace(app: App): Promise<string[]> {
  const { open, knownIssues, groups } = await readStatus(app)
  const months = await readMonths(app)
  const places = new Set([...always, ...standing, ...[...open, ...knownIssues].flatMap(ofIncident)])
  for (const month of months) places.add(`/history/${month}/`)
  const components = groups.flatMap((group) => group.components.map(({ id }) => id))
  for (const place of ofComponents(components)) places.add(place)
  for (const address of await readAddresses(app)) for (const place of ofIncident(address)) places.add(place)
  return [...once, ...inEveryLanguage(app, [...places])]
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
  const { revision, incidents, months, components, naming, told } = await changesSince(app, since)
  const rest = [
    ...months.map((month) => `/history/${month}/`),
    '/history/',
    ...ofComponents(told),
    ...(components ? ['/subscribe/'] : []),
    ...naming.map(({ id }) => `/incidents/${id}/`),
  ]
  const news = [...always, ...incidents.flatMap(ofIncident)]
  return { revision, news: [...inEveryLanguage(app, news), ...once], rest: inEveryLanguage(app, rest) }
}

/** What time alone changes. */
export async function timelyPlaces(app: App): Promise<string[]> {
  const { open, knownIssues } = await readStatus(app)
  const incidents = [...open, ...knownIssues].map(({ id }) => `/incidents/${id}/`)
  const months = (await maintainedMonths(app)).map((month) => `/history/${month}/`)
  return [...inEveryLanguage(app, ['/', '/badge.svg', ...incidents, '/history/', ...months]), ...once]
}

const inEveryLanguage = (app: App, places: string[]) =>
  places.flatMap((place) => everywhere(app.site.defaultLocale, place))
