import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import { dateIn, toMs } from '#api/lib/time.ts'
import { announce } from '#api/outbox/outbox.ts'
import type { Words } from '#content/locales.ts'
import { findGroup, holdComponent, insertComponent, insertGroup, nextPosition, saveComponent } from './queries.ts'
import { type Component, showComponent } from './show.ts'

interface NewGroup {
  name: Words
  /** After the last one, unless it is said. */
  position?: number | undefined
}

export interface NewComponent {
  name: Words
  description?: Words | undefined
  core?: boolean | undefined
  /** After the last one, unless it is said. */
  position?: number | undefined
  /** The first day that counts ("2026-08-01", page zone); today, unless it is said. */
  startDate?: string | undefined
  /** A group that exists. */
  groupId?: string | undefined
  /** Or a new one. */
  group?: NewGroup | undefined
}

/** Adds a group; the page shows it once it holds a component. */
export async function createGroup(app: App, actor: Actor, input: NewGroup): Promise<{ id: string; name: Words }> {
  return app.db.transaction().execute(async (trx) => {
    const row = await addGroup(trx, input)
    await record(trx, app.now(), actor, 'group.created', row.id, { after: row })
    return { id: row.id, name: input.name }
  })
}

async function addGroup(trx: Trx, { name, position }: NewGroup): Promise<Row<'componentGroup'>> {
  const row = { id: newId(), name: toJson(name), position: position ?? (await nextPosition(trx, 'componentGroup')) }
  await insertGroup(trx, row)
  return row
}

/** Adds a component to the page, and its group when that is new. Throws `invalid` with the fields. */
export async function createComponent(
  app: App,
  actor: Actor,
  input: NewComponent,
  { claim }: { claim?: Claim | undefined } = {},
): Promise<Component> {
  const whole = await app.db.transaction().execute(async (trx) => {
    const now = app.now()
    const group = input.group ? await addGroup(trx, input.group) : await existing(trx, input.groupId)
    const row: Row<'component'> = {
      id: newId(),
      groupId: group.id,
      name: toJson(input.name),
      description: toJson(input.description ?? {}),
      core: input.core ? 1 : 0,
      position: input.position ?? (await nextPosition(trx, 'component')),
      startDate: input.startDate ?? dateIn(toMs(now), app.site.zone),
      archivedAt: null,
    }
    await insertComponent(trx, row)
    await record(trx, now, actor, 'component.created', row.id, { after: { ...row, group } })
    await announce(trx, now, { kind: 'component.changed' })
    await settle(trx, claim, row.id)
    return showComponent(row, group)
  })
  app.wake()
  return whole
}

async function existing(trx: Trx, groupId: string | undefined): Promise<Row<'componentGroup'>> {
  const group = groupId && (await findGroup(trx, groupId))
  if (!group) throw invalid('Choose a group that exists.', { groupId: `There is no group ${groupId}.` })
  return group
}

/** Changes how a component is called, described or placed. Throws `not_found`. */
export async function changeComponent(
  app: App,
  actor: Actor,
  id: string,
  patch: { name?: Words | undefined; description?: Words | undefined; position?: number | undefined },
): Promise<string> {
  await app.db.transaction().execute(async (trx) => {
    const before = await holdComponent(trx, id)
    if (!before) throw notFound('This component')
    const now = app.now()
    const after: Row<'component'> = {
      ...before,
      name: patch.name ? toJson(patch.name) : before.name,
      description: patch.description ? toJson(patch.description) : before.description,
      position: patch.position ?? before.position,
    }
    await saveComponent(trx, after)
    await record(trx, now, actor, 'component.changed', id, { before, after })
    await announce(trx, now, { kind: 'component.changed' })
  })
  app.wake()
  return id
}
