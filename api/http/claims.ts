import type { Db, Trx } from '#api/db/connect.ts'
import { conflict } from '#api/errors.ts'
import { hourMs, type Instant, minuteMs, plusMs } from '#api/lib/time.ts'

/** A key that one request holds until it has answered. */
export interface Claim {
  scope: string
  key: string
  takenAt: Instant
}

/** How long a key without an answer is held for a request that may have died with its process. */
const heldForMs = minuteMs
/** How long an answer is kept. */
const keptForMs = 24 * hourMs

export type Taken =
  | { state: 'mine'; claim: Claim }
  | { state: 'answered'; status: number; body: string }
  /** What was asked is done, and its answer is not kept (yet): the id of what came of it. */
  | { state: 'done'; claim: Claim; resultId: string; abandoned: boolean }
  | { state: 'another_body' }
  | { state: 'in_flight' }

const keptRow = (db: Db, scope: string, key: string) =>
  db.selectFrom('idempotency').selectAll().where('scope', '=', scope).where('key', '=', key).executeTakeFirst()

async function claimRow(db: Db, now: Instant, row: { scope: string; key: string; requestHash: string }) {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('idempotency')
    .values({ ...row, status: null, body: null, createdAt: now })
    .onConflict((conflicting) => conflicting.columns(['scope', 'key']).doNothing())
    .executeTakeFirst()
  if (!numInsertedOrUpdatedRows) return keptRow(db, row.scope, row.key)
  await db.deleteFrom('idempotency').where('createdAt', '<', plusMs(now, -keptForMs)).execute()
  return 'claimed' as const
}

/** Takes a key, or says what became of it. Of any number of requests at once exactly one gets `mine`. */
export async function takeKey(
  db: Db,
  now: Instant,
  { scope, key }: { scope: string; key: string },
  requestHash: string,
): Promise<Taken> {
  const row = (await keptRow(db, scope, key)) ?? (await claimRow(db, now, { scope, key, requestHash }))
  if (row === 'claimed') return { state: 'mine', claim: { scope, key, takenAt: now } }
  if (!row) return { state: 'in_flight' }
  if (row.requestHash !== requestHash) return { state: 'another_body' }
  if (row.status !== null) return { state: 'answered', status: row.status, body: row.body ?? '' }
  const abandoned = row.createdAt < plusMs(now, -heldForMs)
  if (row.body !== null)
    return { state: 'done', claim: { scope, key, takenAt: row.createdAt }, resultId: row.body, abandoned }
  if (!abandoned) return { state: 'in_flight' }
  const again = await db
    .updateTable('idempotency')
    .set({ createdAt: now })
    .where('scope', '=', scope)
    .where('key', '=', key)
    .where('createdAt', '=', row.createdAt)
    .where('status', 'is', null)
    .where('body', 'is', null)
    .executeTakeFirst()
  return again.numUpdatedRows > 0n ? { state: 'mine', claim: { scope, key, takenAt: now } } : { state: 'in_flight' }
}

const held = (db: Db | Trx, { scope, key, takenAt }: Claim) =>
  db
    .updateTable('idempotency')
    .where('scope', '=', scope)
    .where('key', '=', key)
    .where('createdAt', '=', takenAt)
    .where('status', 'is', null)

/**
 * Writes what came of a request in the transaction that does it, so that after a crash the same key finds it instead of
 * doing it again. Throws `conflict`, and with it undoes the transaction, when another request has taken the key over.
 */
export async function settle(trx: Trx, claim: Claim | undefined, resultId: string): Promise<void> {
  if (!claim) return
  const { numUpdatedRows } = await held(trx, claim).set({ body: resultId }).where('body', 'is', null).executeTakeFirst()
  if (numUpdatedRows === 0n) throw conflict('Another request with this key has been carried out meanwhile.')
}

/** Keeps an answer for whoever asks with the same key again. */
export const keepAnswer = (db: Db, claim: Claim, status: number, body: string) =>
  held(db, claim).set({ status, body }).execute()

/** Gives a key back whose request was refused, so that a corrected one may use it. What is done stays done. */
export const release = (db: Db, { scope, key, takenAt }: Claim) =>
  db
    .deleteFrom('idempotency')
    .where('scope', '=', scope)
    .where('key', '=', key)
    .where('createdAt', '=', takenAt)
    .where('status', 'is', null)
    .where('body', 'is', null)
    .execute()
