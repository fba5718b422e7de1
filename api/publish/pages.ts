import type { App } from '#api/app.ts'
import {
  everyChange,
  ofAllMonths,
  ofComponents,
  ofMaintenances,
  once,
  searchOf,
  sitemapOf,
} from '#api/feeds/documents.ts'
import {
  changesSince,
  maintainedMonths,
  readAddresses,
  readMaintenanceIds,
  readMonths,
  readRevision,
  readStatus,
} from '#api/status/read.ts'
import { everywhere, standing } from './places.ts'

const ofIncident = ({ id, code }: { id: string; code: string }) => [`/incidents/${id}/`, `/i/${code}/`]

const ofMonth = (month: string) => [`/history/${month}/`, searchOf(month)]

/** What every change shows in. */
const always = ['/', '/404.html', ...everyChange]

/** Every public place: what people read now first, then what they may look up. */
export async function everyPlace(app: App): Promise<string[]> {
  const { open, knownIssues, groups } = await readStatus(app)
  const months = await readMonths(app)
  const components = groups.flatMap((group) => group.components.map(({ id }) => id))
  const news = [...always, ...ofMaintenances, ...[...open, ...knownIssues].flatMap(ofIncident)]
  const rest = [
    ...standing,
    '/subscribe/manage/',
    '/api/docs/',
    ...months.flatMap(ofMonth),
    ...(await readMaintenanceIds(app)).map((id) => `/maintenance/${id}/`),
    ...ofComponents(components),
    ...(await readAddresses(app)).flatMap(ofIncident),
  ]
  const places = [inEveryLanguage(app, news), once, inEveryLanguage(app, rest), ofAllMonths, months.map(sitemapOf)]
  return [...new Set(places.flat())]
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
  const { revision, incidents, months, components, naming, told, maintenances } = await changesSince(app, since)
  const rest = [
    ...months.flatMap(ofMonth),
    '/history/',
    '/uptime/',
    ...maintenances.map((id) => `/maintenance/${id}/`),
    ...ofComponents(told),
    ...(components ? ['/subscribe/'] : []),
    ...naming.map(({ id }) => `/incidents/${id}/`),
  ]
  const planned = maintenances.length || components ? ofMaintenances : []
  const news = [...always, ...planned, ...incidents.flatMap(ofIncident)]
  return {
    revision,
    news: [...inEveryLanguage(app, news), ...once],
    rest: [...inEveryLanguage(app, rest), ...ofAllMonths, ...months.map(sitemapOf)],
  }
}

/** What time alone changes. */
export async function timelyPlaces(app: App): Promise<string[]> {
  const { open, knownIssues, maintenances } = await readStatus(app)
  const incidents = [...open, ...knownIssues].map(({ id }) => `/incidents/${id}/`)
  const planned = maintenances.map(({ id }) => `/maintenance/${id}/`)
  const months = (await maintainedMonths(app)).map((month) => `/history/${month}/`)
  return [
    ...inEveryLanguage(app, [
      '/',
      '/404.html',
      '/badge.svg',
      ...incidents,
      ...planned,
      '/history/',
      '/uptime/',
      ...months,
    ]),
    ...once,
  ]
}

const inEveryLanguage = (app: App, places: string[]) =>
  places.flatMap((place) => everywhere(app.site.defaultLocale, place))
