import { findUserByEmail, rolesOf } from '#api/accounts/queries.ts'
import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { listComponents } from '#api/components/queries.ts'
import { changeFacts, openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { fromJson } from '#api/lib/json.ts'
import { fromWall, type Instant, toInstant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { readCompany, type ToldIncident, type ToldUpdate } from './company.ts'

/** The demonstration's people and components as the record knows them, by the keys of its files. */
export interface Cast {
  person(key: string): Actor
  component(key: string): string
}

/** Finds people by address and components by name. What is missing throws when it is asked for. */
export async function findCast(app: App): Promise<Cast> {
  const { people, groups } = readCompany()
  const actors = new Map<string, Actor>()
  for (const { key, email } of people) {
    const user = await findUserByEmail(app.db, email)
    if (user) actors.set(key, { id: user.id, roles: await rolesOf(app.db, user.id) })
  }
  const ids = new Map((await listComponents(app.db)).map(({ id, name }) => [fromJson<Words>(name).en, id]))
  const components = new Map(
    groups.flatMap((group) => group.components).map(({ key, name }) => [key, ids.get(name.en)] as const),
  )
  const found = <T>(value: T | undefined, what: string, key: string): T => {
    if (value === undefined)
      throw new Error(`The demonstration has lost its ${what} "${key}". Start over with --fresh.`)
    return value
  }
  return {
    person: (key) => found(actors.get(key), 'person', key),
    component: (key) => found(components.get(key), 'component', key),
  }
}

/** A wall-clock time of the demonstration's files ("2026-11-11", "20:12") in the page's zone. */
export function at(app: App, date: string, time: string): Instant {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number]
  const [hour, minute] = time.split(':').map(Number) as [number, number]
  return toInstant(fromWall(app.site.zone, year, month, day, hour, minute))
}

/** When an update was published, in the files' own words. */
export const saidAt = (app: App, incident: ToldIncident, update: ToldUpdate): Instant =>
  at(app, incident.date, update.at)

const inputOf = (app: App, cast: Cast, incident: ToldIncident, update: ToldUpdate) => ({
  status: update.status,
  body: { en: update.en, 'zh-CN': update['zh-CN'] },
  components: Object.entries(update.components).map(([key, status]) => ({ id: cast.component(key), status })),
  nextUpdateAt: update.next ? at(app, update.nextDate ?? incident.date, update.next) : null,
})

/** Opens an incident with its first update, now, as the person who did. `notify` false: nobody is written to. */
export async function openTold(app: App, cast: Cast, incident: ToldIncident, notify: boolean): Promise<string> {
  const first = incident.updates[0]!
  const { severity, impact, title, scope, notAffected, workaround, code } = incident
  const opened = await openIncident(
    app,
    cast.person(first.by),
    {
      ...inputOf(app, cast, incident, first),
      severity,
      impact,
      title,
      scope,
      notAffected,
      workaround,
      startedAt: at(app, incident.date, incident.started),
      notify,
    },
    code ? { code } : {},
  )
  const { occurred, detected } = incident
  if (occurred || detected)
    await changeFacts(app, cast.person(first.by), opened.id, {
      ...(occurred ? { occurredAt: at(app, incident.date, occurred) } : {}),
      ...(detected ? { detectedAt: at(app, incident.date, detected) } : {}),
    })
  return opened.id
}

/** Publishes the next update, now, with what it changes in the fact sheet before it. */
export async function publishTold(
  app: App,
  cast: Cast,
  incidentId: string,
  incident: ToldIncident,
  update: ToldUpdate,
  notify: boolean,
): Promise<void> {
  const person = cast.person(update.by)
  const effectiveAt = update.effective ? at(app, incident.date, update.effective) : undefined
  const ends = update.status === 'resolved' && effectiveAt ? { endedAt: effectiveAt } : {}
  if (update.facts || effectiveAt) {
    const facts = { ...update.facts, ...ends }
    if (Object.keys(facts).length) await changeFacts(app, person, incidentId, facts)
  }
  const input = { ...inputOf(app, cast, incident, update), notify }
  await publishUpdate(app, person, incidentId, input, effectiveAt ? { effectiveAt } : {})
}
