import type { App } from '#api/app.ts'
import {
  everyChange,
  ofAllMonths,
  ofComponents,
  ofMaintenances,
  ofStatements,
  once,
  searchOf,
  sitemapOf,
} from '#api/feeds/documents.ts'
import { changesSince, maintainedMonths, readMonths } from '#api/status/changes.ts'
import { readAddresses, readMaintenanceIds, readRevision, readStatus } from '#api/status/read.ts'
import { readStatementIds } from '#api/status/statements.ts'
import { everywhere, standing } from './places.ts'

const ofIncident = ({ id, code }: { id: string; code: string }) => [`/incidents/${id}/`, `/i/${code}/`]

const ofMonth = (month: string) => [`/history/${month}/`, searchOf(month)]

/** What every change shows in, and readers wait for. */
const always = ['/', ...everyChange]

/** How many places are drawn in one step when everything is, and the incidents that are so many in every language. */
const [stepPlaces, stepIncidents] = [50, 12]

/**
 * Every public place, in steps: what people read now is the first, what they may look up follows, the youngest before
 * the older. No step and no list grows with the number of incidents.
 */
export async function* everyPlace(app: App): AsyncGenerator<string[]> {
  const { open, knownIssues, groups } = await readStatus(app)
  const months = await readMonths(app)
  const components = groups.flatMap((group) => group.components.map(({ id }) => id))
  const news = [...always, '/404.html', ...ofMaintenances, ...[...open, ...knownIssues].flatMap(ofIncident)]
  // What every page leads to is there with the first.
  yield [...new Set([...inEveryLanguage(app, [...news, ...standing]), ...once])]
  const rest = [
    '/subscribe/manage/',
    '/api/docs/',
    ...months.flatMap(ofMonth),
    ...(await readMaintenanceIds(app)).map((id) => `/maintenance/${id}/`),
    ...ofStatements,
    ...(await readStatementIds(app)).map((id) => `/statements/${id}/`),
    ...ofComponents(components),
  ]
  const places = [...new Set([...inEveryLanguage(app, rest), ...ofAllMonths, ...months.map(sitemapOf)])]
  for (let from = 0; from < places.length; from += stepPlaces) yield places.slice(from, from + stepPlaces)
  for await (const incidents of readAddresses(app, stepIncidents))
    yield inEveryLanguage(app, incidents.flatMap(ofIncident))
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
  const changed = await changesSince(app, since)
  const { revision, incidents, months, components, naming, told, maintenances, listed, states } = changed
  const rest = [
    '/404.html',
    ...months.flatMap(ofMonth),
    '/history/',
    ...(states ? ['/uptime/'] : []),
    ...maintenances.map((id) => `/maintenance/${id}/`),
    ...ofComponents(told),
    ...(components ? ['/subscribe/'] : []),
    ...naming.map(({ id }) => `/incidents/${id}/`),
  ]
  const planned = maintenances.length || components ? ofMaintenances : []
  const pages = incidents.flatMap((incident) => (listed ? ofIncident(incident) : [`/incidents/${incident.id}/`]))
  // A statement comes out everywhere in one step: pages, feeds, what is searched, what search engines are told.
  const { statements, statementMonths, reported } = changed
  const said =
    statements.length || reported
      ? [
          '/statements/',
          ...ofStatements,
          ...statements.map((id) => `/statements/${id}/`),
          ...statementMonths.map(searchOf),
        ]
      : []
  const maps = statementMonths.length ? [...ofAllMonths, ...statementMonths.map(sitemapOf)] : []
  const news = [...always, ...planned, ...pages, ...said]
  return {
    revision,
    news: [...inEveryLanguage(app, news), ...maps, ...once],
    rest: [...inEveryLanguage(app, rest), ...(listed ? [...ofAllMonths, ...months.map(sitemapOf)] : [])],
  }
}

/** What time alone changes: what people read now, and what they may look up. */
export async function timelyPlaces(app: App): Promise<Pick<Changed, 'news' | 'rest'>> {
  const { open, knownIssues, maintenances } = await readStatus(app)
  const incidents = [...open, ...knownIssues].map(({ id }) => `/incidents/${id}/`)
  const planned = maintenances.map(({ id }) => `/maintenance/${id}/`)
  const months = (await maintainedMonths(app)).map((month) => `/history/${month}/`)
  return {
    news: [...inEveryLanguage(app, ['/', '/badge.svg', ...incidents, ...planned]), ...once],
    rest: inEveryLanguage(app, ['/404.html', '/history/', '/uptime/', ...months]),
  }
}

const inEveryLanguage = (app: App, places: string[]) =>
  places.flatMap((place) => everywhere(app.site.defaultLocale, place))
