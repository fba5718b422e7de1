import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import { knownComponents } from '#api/components/queries.ts'
import type { Row } from '#api/db/schema.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import { announce } from '#api/outbox/outbox.ts'
import type { Words } from '#content/locales.ts'
import { checkWindow } from './maintenance.ts'
import { componentsOf, holdMaintenance, insertMaintenance, saveMaintenance } from './queries.ts'
import { type Maintenance, showMaintenance } from './show.ts'

export interface NewMaintenance {
  title: Words
  body: Words
  startsAt: Instant
  endsAt: Instant
  componentIds: string[]
}

/** Announces a maintenance: the page shows it from now on, and the announced window begins and ends by itself. */
export async function announceMaintenance(
  app: App,
  actor: Actor,
  input: NewMaintenance,
  { claim }: { claim?: Claim | undefined } = {},
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
      createdBy: actor.id,
    }
    await insertMaintenance(trx, row, input.componentIds)
    await record(trx, now, actor, 'maintenance.announced', row.id, {
      after: { ...row, componentIds: input.componentIds },
    })
    await announce(trx, now, { kind: 'maintenance.announced' })
    await settle(trx, claim, row.id)
    return showMaintenance(row, await componentsOf(trx, [row.id]), now)
  })
  app.wake()
  return whole
}

/** Says that a maintenance that has begun is done. Throws `not_found`, `conflict`. */
export async function completeMaintenance(
  app: App,
  actor: Actor,
  id: string,
  { claim }: { claim?: Claim | undefined } = {},
): Promise<Maintenance> {
  const whole = await app.db.transaction().execute(async (trx) => {
    const before = await holdMaintenance(trx, id)
    if (!before) throw notFound('This maintenance')
    const now = app.now()
    if (before.completedAt) throw conflict('This maintenance is completed already.')
    if (now < before.startsAt) throw conflict('This maintenance has not begun yet.')
    const after: Row<'maintenance'> = { ...before, status: 'completed', completedAt: now }
    await saveMaintenance(trx, after)
    await record(trx, now, actor, 'maintenance.completed', id, { before, after })
    await announce(trx, now, { kind: 'maintenance.completed' })
    await settle(trx, claim, id)
    return showMaintenance(after, await componentsOf(trx, [id]), now)
  })
  app.wake()
  return whole
}
