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

export interface NewComponent {
  name: Words
  description?: Words | undefined
  core?: boolean | undefined
  /** After the last one, unless it is said. */
  position?: number | undefined
  /** The first day that counts ("2026-08-01", page zone); today, unless it is said. */
  startDate?: string | undefined
  /** A group that exists, or the name of a new one, which is put last. */
  group: { id: string } | { name: Words; position?: number | undefined }
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
    const group = await groupFor(trx, input.group)
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

async function groupFor(trx: Trx, given: NewComponent['group']): Promise<Row<'componentGroup'>> {
  if ('id' in given) {
    const group = await findGroup(trx, given.id)
    if (!group) throw invalid('Choose a group that exists.', { groupId: `There is no group ${given.id}.` })
    return group
  }
  const group = {
    id: newId(),
    name: toJson(given.name),
    position: given.position ?? (await nextPosition(trx, 'componentGroup')),
  }
  await insertGroup(trx, group)
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
