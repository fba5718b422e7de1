import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { knownComponents } from '#api/components/queries.ts'
import type { Trx } from '#api/db/connect.ts'
import type { MaintenanceChangeKind, Row } from '#api/db/schema.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { announce } from '#api/outbox/outbox.ts'
import type { Words } from '#content/locales.ts'
import { checkMove, checkOpen, checkWindow, excuseOf } from './maintenance.ts'
import { appendChange, holdMaintenance, insertMaintenance, partsOf, saveMaintenance } from './queries.ts'
import { type Maintenance, showMaintenance } from './show.ts'

export interface NewMaintenance {
  title: Words
  body: Words
  startsAt: Instant
  endsAt: Instant
  componentIds: string[]
}

type Keyed = { claim?: Claim | undefined }

/** Announces a maintenance: the page shows it from now on, and the announced window begins and ends by itself. */
export async function announceMaintenance(
  app: App,
  actor: Actor,
  input: NewMaintenance,
  { claim }: Keyed = {},
): Promise<Maintenance> {
  const whole = await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    checkWindow(input, now)
    const known = await knownComponents(trx, input.componentIds)
    const fields: Record<string, string> = {}
    input.componentIds.forEach((id, i) => {
      if (!known.has(id)) fields[`components.${i}`] = `There is no component ${id}.`
      else if (input.componentIds.indexOf(id) !== i) fields[`components.${i}`] = 'This component is listed twice.'
    })
    if (Object.keys(fields).length) throw invalid('Some components need your attention.', fields)
    const row: Row<'maintenance'> = {
      id: newId(),
      title: toJson(input.title),
      body: toJson(input.body),
      status: 'scheduled',
      startsAt: input.startsAt,
      endsAt: input.endsAt,
      announcedAt: now,
      completedAt: null,
      cancelledAt: null,
      ...excuseOf(input, now),
      createdBy: actor.id,
    }
    await insertMaintenance(trx, row, input.componentIds)
    await record(trx, now, actor, 'maintenance.announced', row.id, {
      after: { ...row, componentIds: input.componentIds },
    })
    await announce(trx, now, { kind: 'maintenance.announced' })
    await settle(trx, claim, row.id)
    return showMaintenance(row, await partsOf(trx, [row.id]), now)
  })
  app.wake()
  return whole
}

/** Gives a maintenance other times, in sight: what was announced before stays to be read. Throws `not_found`, `conflict`, `invalid`. */
export function moveMaintenance(
  app: App,
  actor: Actor,
  id: string,
  to: { startsAt?: Instant | undefined; endsAt?: Instant | undefined; said?: Words | undefined },
  keyed: Keyed = {},
): Promise<Maintenance> {
  return change(app, actor, id, { kind: 'moved', said: to.said ?? {} }, keyed, (before, now) => {
    const window = { startsAt: to.startsAt ?? before.startsAt, endsAt: to.endsAt ?? before.endsAt }
    checkMove(before, window, now)
    return { ...before, ...window, ...excuseOf(window, now, before) }
  })
}

/** Says that a maintenance will not take place; it stays to be read. Throws `not_found`, `conflict`. */
export function cancelMaintenance(
  app: App,
  actor: Actor,
  id: string,
  said: Words = {},
  keyed: Keyed = {},
): Promise<Maintenance> {
  return change(app, actor, id, { kind: 'cancelled', said }, keyed, (before, now) => {
    checkOpen(before)
    if (now >= before.startsAt) throw conflict('This maintenance has begun. Say that it is completed instead.')
    return { ...before, status: 'cancelled', cancelledAt: now }
  })
}

/** Says that a maintenance that has begun is done. Throws `not_found`, `conflict`. */
export function completeMaintenance(app: App, actor: Actor, id: string, keyed: Keyed = {}): Promise<Maintenance> {
  return change(app, actor, id, { kind: 'completed', said: {} }, keyed, (before, now) => {
    checkOpen(before)
    if (now < before.startsAt) throw conflict('This maintenance has not begun yet.')
    return { ...before, status: 'completed', completedAt: now }
  })
}

/** One change of an announced maintenance: the row, what became of it, who did it, and the page's news. */
async function change(
  app: App,
  actor: Actor,
  id: string,
  { kind, said }: { kind: MaintenanceChangeKind; said: Words },
  { claim }: Keyed,
  rule: (before: Row<'maintenance'>, now: Instant) => Row<'maintenance'>,
): Promise<Maintenance> {
  const whole = await app.db.transaction().execute(async (trx: Trx) => {
    const before = await holdMaintenance(trx, id)
    if (!before) throw notFound('This maintenance')
    const now = app.now()
    const after = rule(before, now)
    await saveMaintenance(trx, after)
    const { startsAt, endsAt } = before
    const told = { startsAt, endsAt, said: toJson(said), createdAt: now, createdBy: actor.id }
    await appendChange(trx, { maintenanceId: id, kind, ...told })
    await record(trx, now, actor, `maintenance.${kind}`, id, { before, after: { ...after, said } })
    await announce(trx, now, { kind: `maintenance.${kind}` })
    await settle(trx, claim, id)
    return showMaintenance(after, await partsOf(trx, [id]), now)
  })
  app.wake()
  return whole
}
