import { createStaff, inviteStaff } from '#api/accounts/actions.ts'
import type { App } from '#api/app.ts'
import { record, system } from '#api/audit/audit.ts'
import { createComponent, createGroup } from '#api/components/actions.ts'
import { ManualClock } from '#api/lib/clock.ts'
import { dayMs, type Instant, plusMs } from '#api/lib/time.ts'
import { announceMaintenance, completeMaintenance } from '#api/maintenance/actions.ts'
import { isReviewed } from '#api/reviews/review.ts'
import {
  readCompany,
  readEvening,
  readHistory,
  readMerchants,
  readNames,
  type ToldIncident,
  type ToldMaintenance,
} from './company.ts'
import { makeCustomers } from './customers.ts'
import { sharePassword } from './logins.ts'
import { insertFollowers, insertMerchants, markDemonstration } from './queries.ts'
import { closePast, writeEvening, writeYoungest } from './reviews.ts'
import { tellMention } from './statements.ts'
import { makeFollowers } from './subscribers.ts'
import { at, type Cast, findCast, openTold, publishTold, saidAt } from './told.ts'

const companyJoined = '2026-03-02'
/** How long after an incident of the past its review was held. */
const reviewedAfterMs = 2 * dayMs

/** Something that happened at a moment, done by the program's own action. */
interface Step {
  at: Instant
  run: () => Promise<void>
}

export interface Seeding {
  /** The password of Lin, who owns the demonstration, and of everybody else in it. */
  password: string
  /** The last update of the evening that has been published: "U2"; null stops before the evening. */
  evening: string | null
}

/**
 * Writes the demonstration company into an empty, migrated record with the program's own actions, each at its moment: the
 * company, its people, its history, its subscribers and the evening as far as asked. Nobody is told of the past; what
 * the evening announces waits in the outbox for the worker.
 */
export async function seedDemonstration(base: App, { password, evening }: Seeding): Promise<void> {
  const clock = new ManualClock(at(base, companyJoined, '09:00'))
  const app: App = { ...base, now: () => clock.now(), wake: () => {} }
  await seedCompany(app, password)
  const cast = await findCast(app)
  for (const step of pastSteps(app, cast)) {
    clock.set(step.at)
    await step.run()
  }
  const told = readEvening()
  clock.set(at(app, told.date, '17:00'))
  await seedFollowers(app, cast)
  await seedMerchants(app, cast)
  if (evening) {
    const incident = { ...told, updates: upTo(told, evening) }
    for (const step of incidentSteps(app, cast, incident, true)) {
      clock.set(step.at)
      await step.run()
    }
  }
  await app.db.transaction().execute((trx) => markDemonstration(trx, clock.now()))
}

const upTo = (told: ToldIncident, key: string) => {
  const last = told.updates.findIndex((update) => update.key === key)
  if (last < 0) throw new Error(`evening.yaml has no update ${key}.`)
  return told.updates.slice(0, last + 1)
}

async function seedCompany(app: App, password: string): Promise<void> {
  const { people, groups } = readCompany()
  const [owner, ...others] = people
  const id = await createStaff(app, { ...owner!, password })
  const actor = { id, roles: owner!.roles }
  for (const person of others) {
    const { id: other } = await inviteStaff(app, actor, person)
    await app.db.transaction().execute((trx) => sharePassword(trx, app.now(), id, other))
  }
  for (const { name, components } of groups) {
    const group = await createGroup(app, actor, { name })
    for (const { key: _, ...component } of components)
      await createComponent(app, actor, { groupId: group.id, ...component })
  }
}

function pastSteps(app: App, cast: Cast): Step[] {
  const { incidents, maintenances } = readHistory()
  const youngest = incidents.findLast(({ severity }) => isReviewed(severity))
  return [
    ...incidents.flatMap((incident) => pastIncidentSteps(app, cast, incident, incident === youngest)),
    ...maintenances.flatMap((maintenance) => maintenanceSteps(app, cast, maintenance)),
  ].sort((a, b) => (a.at < b.at ? -1 : 1))
}

/** An incident of the past, and what became of its review a few days later. */
function pastIncidentSteps(app: App, cast: Cast, incident: ToldIncident, atWork: boolean): Step[] {
  let id = ''
  const steps = incidentSteps(app, cast, incident, false, (opened) => {
    id = opened
  })
  if (!isReviewed(incident.severity)) return steps
  const run = () => (atWork ? writeYoungest(app, cast, id) : closePast(app, cast, id).then(() => {}))
  return [...steps, { at: plusMs(steps.at(-1)!.at, reviewedAfterMs), run }]
}

function incidentSteps(
  app: App,
  cast: Cast,
  incident: ToldIncident,
  notify: boolean,
  opened: (id: string) => void = () => {},
): Step[] {
  let id = ''
  return incident.updates.map((update, i) => ({
    at: saidAt(app, incident, update),
    async run() {
      if (i === 0) {
        id = await openTold(app, cast, incident, notify)
        opened(id)
      } else await publishTold(app, cast, id, incident, update, notify)
      if (notify && i === 0) await tellMention(app, cast, id)
      if (notify) await writeEvening(app, cast, id, update)
    },
  }))
}

function maintenanceSteps(app: App, cast: Cast, told: ToldMaintenance): Step[] {
  const moment = (text: string) => at(app, ...(text.split(' ') as [string, string]))
  const actor = cast.person(told.by)
  let id = ''
  const announced: Step = {
    at: moment(told.announced),
    async run() {
      const maintenance = await announceMaintenance(app, actor, {
        title: told.title,
        body: told.body,
        startsAt: moment(told.from),
        endsAt: moment(told.to),
        componentIds: told.components.map(cast.component),
      })
      id = maintenance.id
    },
  }
  if (!told.completed) return [announced]
  const completed: Step = {
    at: moment(told.completed),
    async run() {
      await completeMaintenance(app, actor, id)
    },
  }
  return [announced, completed]
}

async function seedFollowers(app: App, cast: Cast): Promise<void> {
  const { subscribers } = readCompany()
  const now = app.now()
  const followers = makeFollowers(subscribers, readNames(), cast.component, now, app)
  await app.db.transaction().execute(async (trx) => {
    await insertFollowers(trx, followers)
    await record(trx, now, system, 'subscribers.imported', 'demonstration', {
      after: { subscribers: followers.subscribers.length, suppressed: followers.suppressions.length },
    })
  })
}

async function seedMerchants(app: App, cast: Cast): Promise<void> {
  const now = app.now()
  const merchants = makeCustomers(readMerchants(), readNames(), cast.component, now)
  await app.db.transaction().execute(async (trx) => {
    await insertMerchants(trx, merchants)
    await record(trx, now, system, 'customers.imported', 'demonstration', {
      after: { customers: merchants.customers.length, contacts: merchants.contacts.length },
    })
  })
}
