import { createHash } from 'node:crypto'
import type { App } from '#api/app.ts'
import { type Actor, record } from '#api/audit/audit.ts'
import type { Row } from '#api/db/schema.ts'
import { AppError, conflict, invalid, notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { holdIncident } from '#api/incidents/queries.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import { announce } from '#api/outbox/outbox.ts'
import { parserOf } from './actions.ts'
import {
  customersBehind,
  discard,
  findList,
  incidentThere,
  insertAffected,
  insertList,
  offersUsing,
  touchedComponents,
} from './affected-queries.ts'
import { newImport } from './import-actions.ts'
import { insertImport } from './import-queries.ts'
import { checkRule, type Rule } from './rule.ts'

/** The most customers one request names as affected; more of them come as a file. */
export const affectedMax = 500

export interface NamedAffected {
  customerId?: string | undefined
  email?: string | undefined
  minutes: number | null
  feeMinor: number | null
  amountMinor: number | null
}

const hashOf = (value: unknown) => createHash('sha256').update(toJson(value)).digest('hex')

/**
 * Writes down who was affected, as another program found; the list counts at once, whole. Throws invalid with the place
 * of everybody who is not known or named twice, not_found for the incident.
 */
export async function nameAffected(
  app: App,
  actor: Actor,
  incidentId: string,
  { description, customers }: { description: string; customers: NamedAffected[] },
  more: { claim?: Claim | undefined } = {},
): Promise<{ id: string }> {
  if (!(await incidentThere(app.db, incidentId))) throw notFound('This incident')
  const now = app.now()
  const list = { id: newId(), incidentId, source: 'api' as const, description }
  await app.db.transaction().execute(async (trx) => {
    const fields: Record<string, string> = {}
    const emails = customers.map(({ email }) => (email === undefined ? null : normalMail(app, email)))
    const numbers = customers.flatMap(({ customerId }) => customerId ?? [])
    const behind = await customersBehind(
      trx,
      numbers,
      emails.filter((email) => email !== null),
    )
    const places = new Map<string, number>()
    const rows: Row<'affectedCustomer'>[] = []
    for (const [place, { customerId, minutes, feeMinor, amountMinor }] of customers.entries()) {
      const ids = customerId
        ? [behind.byNumber.get(customerId)].filter((id) => id !== undefined)
        : (behind.byEmail.get(emails[place] ?? '') ?? [])
      const [id] = ids
      const at = `customers.${place}.${customerId ? 'customerId' : 'email'}`
      if (id === undefined) fields[at] = 'There is no such customer.'
      else if (ids.length > 1)
        fields[at] = `${ids.length} customers have this address: name the customer by its number.`
      else if (places.has(id)) fields[at] = `This customer stands at customers.${places.get(id)} already.`
      else {
        places.set(id, place)
        rows.push({ listId: list.id, customerId: id, minutes, feeMinor, amountMinor, line: null })
      }
    }
    if (Object.keys(fields).length)
      throw invalid('Some of these customers are not known, or named twice. Nothing was written.', fields)
    await insertAffected(trx, rows)
    const made = { rows: rows.length, hash: hashOf(customers), createdAt: now, createdBy: actor.id }
    await insertList(trx, { ...list, ...made, rule: null, importId: null, discardedAt: null })
    await announce(trx, now, { kind: 'affected.counted', incidentId })
    await record(trx, now, actor, 'affected.named', list.id, { after: { ...list, rows: rows.length } })
    await settle(trx, more.claim, list.id)
  })
  app.wake()
  return { id: list.id }
}

function normalMail(app: App, email: string): string | null {
  try {
    return parserOf(app, 'email')(email)
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

/**
 * Has everybody looked up who fits a rule; what is found waits for a person, like a file. Gives the import. Throws
 * invalid for a rule that asks nothing or names a service that the incident never touched, not_found for the incident.
 */
export async function findAffected(
  app: App,
  actor: Actor,
  incidentId: string,
  given: { description: string; rule: Rule },
  more: { claim?: Claim | undefined } = {},
): Promise<{ id: string }> {
  if (!(await incidentThere(app.db, incidentId))) throw notFound('This incident')
  const rule = checkRule(given.rule, new Set(await touchedComponents(app.db, incidentId)))
  const begun = newImport(app, actor, {
    kind: 'affected',
    incidentId,
    state: 'reading',
    fileName: given.description,
    rule: toJson(rule),
    hash: hashOf(rule),
    currency: null,
  })
  await app.db.transaction().execute(async (trx) => {
    await insertImport(trx, begun)
    await record(trx, app.now(), actor, 'affected.sought', begun.id, { after: { incidentId, rule } })
    await settle(trx, more.claim, begun.id)
  })
  app.wake()
  return { id: begun.id }
}

/**
 * Takes a list back: nobody on it counts as affected by it any more. Its rows stay to be read.
 * Throws not_found, and conflict when it was taken back before or an offer beyond its draft chooses from it.
 */
export async function discardList(app: App, actor: Actor, id: string): Promise<void> {
  const now = app.now()
  await app.db.transaction().execute(async (trx) => {
    const found = await findList(trx, id)
    // Held as whoever sends an offer for approval holds it: of the two, the second sees what the first has done.
    if (found) await holdIncident(trx, found.incidentId)
    const list = await findList(trx, id)
    if (!list) throw notFound('This list')
    if (list.discardedAt) throw conflict('This list was discarded already.')
    const { length } = await offersUsing(trx, list)
    if (length)
      throw conflict(
        length === 1
          ? 'An offer that is more than a draft chooses from this list. Cancel it first.'
          : `${length} offers that are more than a draft choose from this list. Cancel them first.`,
      )
    await discard(trx, id, now)
    await announce(trx, now, { kind: 'affected.counted', incidentId: list.incidentId })
    await record(trx, now, actor, 'affected.discarded', id, { before: list })
  })
  app.wake()
}
