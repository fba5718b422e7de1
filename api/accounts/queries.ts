import type { Kysely } from 'kysely'
import type { Db, Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'

/** The columns of better-auth's tables that we read or write ourselves, by the names they have in the record. */
interface StaffTables {
  user: { id: string; name: string; email: string; createdAt: Instant; updatedAt: Instant }
  session: { id: string; userId: string; expiresAt: Instant }
  account: {
    id: string
    accountId: string
    providerId: string
    userId: string
    password: string
    createdAt: Instant
    updatedAt: Instant
  }
}

/** Better-auth's tables keep its camelCase names, so the renaming of columns is left out for them. */
const staff = (db: Db | Trx) => db.withoutPlugins() as unknown as Kysely<StaffTables>

export interface Person {
  id: string
  name: string
  email: string
  roles: string[]
  /** False while an invitation is open. */
  hasPassword: boolean
}

export const rolesOf = async (db: Db | Trx, userId: string): Promise<string[]> =>
  (await db.selectFrom('staffRole').select('role').where('userId', '=', userId).orderBy('role').execute()).map(
    ({ role }) => role,
  )

/** The names of people by their ids; who is gone is left out. */
export async function namesOf(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (!ids.length) return new Map()
  const people = await staff(db).selectFrom('user').select(['id', 'name']).where('id', 'in', ids).execute()
  return new Map(people.map(({ id, name }) => [id, name]))
}

export const findUser = (db: Db | Trx, userId: string) =>
  staff(db).selectFrom('user').select(['id', 'name', 'email']).where('id', '=', userId).executeTakeFirst()

export const findUserByEmail = (db: Db | Trx, email: string) =>
  staff(db).selectFrom('user').select(['id', 'name', 'email']).where('email', '=', email).executeTakeFirst()

/** Who signs in with this address (lower case), and the hash of their password; undefined when nobody does. */
export const findPassword = (db: Db, email: string): Promise<{ userId: string; hash: string } | undefined> =>
  staff(db)
    .selectFrom('user')
    .innerJoin('account', 'account.userId', 'user.id')
    .select(['user.id as userId', 'account.password as hash'])
    .where('email', '=', email)
    .where('providerId', '=', 'credential')
    .executeTakeFirst()

/** Everybody who has or had an account, with the roles they hold now. */
export async function listPeople(db: Db): Promise<Person[]> {
  const users = await staff(db).selectFrom('user').select(['id', 'name', 'email']).orderBy('name').execute()
  const accounts = await staff(db).selectFrom('account').select('userId').execute()
  const held = await db.selectFrom('staffRole').selectAll().orderBy('role').execute()
  return users
    .map((user) => ({
      ...user,
      roles: held.filter((row) => row.userId === user.id).map((row) => row.role),
      hasPassword: accounts.some((account) => account.userId === user.id),
    }))
    .filter((person) => person.roles.length > 0)
}

/** Owners who can sign in: an invitation that nobody has answered is none. */
export async function ownersWithPassword(db: Db | Trx): Promise<string[]> {
  const owners = await db.selectFrom('staffRole').select('userId').where('role', '=', 'owner').execute()
  if (!owners.length) return []
  const ids = owners.map(({ userId }) => userId)
  const rows = await staff(db).selectFrom('account').select('userId').where('userId', 'in', ids).execute()
  return rows.map(({ userId }) => userId)
}

export const hasPassword = async (db: Db | Trx, userId: string): Promise<boolean> =>
  (await staff(db).selectFrom('account').select('id').where('userId', '=', userId).executeTakeFirst()) !== undefined

export async function insertUser(trx: Trx, now: Instant, user: { id: string; name: string; email: string }) {
  await staff(trx)
    .insertInto('user')
    .values({ ...user, createdAt: now, updatedAt: now })
    .execute()
}

export const renameUser = (trx: Trx, id: string, name: string) =>
  staff(trx).updateTable('user').set({ name }).where('id', '=', id).execute()

/** Gives a person a password, in place of the one there was. */
export async function setPassword(trx: Trx, now: Instant, id: string, userId: string, hash: string) {
  await staff(trx).deleteFrom('account').where('userId', '=', userId).where('providerId', '=', 'credential').execute()
  await staff(trx)
    .insertInto('account')
    .values({
      id,
      accountId: userId,
      providerId: 'credential',
      userId,
      password: hash,
      createdAt: now,
      updatedAt: now,
    })
    .execute()
}

export async function setRoles(trx: Trx, userId: string, roles: readonly string[]) {
  await trx.deleteFrom('staffRole').where('userId', '=', userId).execute()
  if (!roles.length) return
  await trx
    .insertInto('staffRole')
    .values(roles.map((role) => ({ userId, role })))
    .execute()
}

/** Ends every session and takes the password; the name stays for the audit. */
export async function closeAccount(trx: Trx, userId: string) {
  await staff(trx).deleteFrom('session').where('userId', '=', userId).execute()
  await staff(trx).deleteFrom('account').where('userId', '=', userId).execute()
}

export const findToken = (db: Db, secretHash: string) =>
  db.selectFrom('apiToken').selectAll().where('secretHash', '=', secretHash).executeTakeFirst()

export const listTokens = (db: Db): Promise<Omit<Row<'apiToken'>, 'secretHash'>[]> =>
  db
    .selectFrom('apiToken')
    .select(['id', 'name', 'role', 'createdAt', 'createdBy', 'revokedAt', 'lastUsedAt'])
    .orderBy('createdAt', 'desc')
    .orderBy('id')
    .execute()

export const noteTokenUse = (db: Db, id: string, now: Instant) =>
  db.updateTable('apiToken').set({ lastUsedAt: now }).where('id', '=', id).execute()

export const findLink = (db: Db | Trx, secretHash: string) =>
  db.selectFrom('oneTimeLink').selectAll().where('secretHash', '=', secretHash).executeTakeFirst()

/** Uses a link up; false when somebody was faster or its time is over. */
export async function takeLink(trx: Trx, secretHash: string, now: Instant): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('oneTimeLink')
    .set({ usedAt: now })
    .where('secretHash', '=', secretHash)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Links that were given out for this purpose and not used open nothing any more. */
export const dropLinks = (trx: Trx, purpose: string) =>
  trx.deleteFrom('oneTimeLink').where('purpose', '=', purpose).where('usedAt', 'is', null).execute()

/** A new link; those given out before for the same purpose no longer open anything. */
export async function replaceLink(trx: Trx, link: Row<'oneTimeLink'>) {
  await dropLinks(trx, link.purpose)
  await trx.insertInto('oneTimeLink').values(link).execute()
}

/** Counts one more in a window and tells how many there are now. */
export async function countUp(db: Db, key: string, windowStart: Instant): Promise<number> {
  const { count } = await db
    .insertInto('rateCount')
    .values({ key, windowStart, count: 1 })
    .onConflict((c) =>
      c.columns(['key', 'windowStart']).doUpdateSet((eb) => ({ count: eb('rateCount.count', '+', 1) })),
    )
    .returning('count')
    .executeTakeFirstOrThrow()
  return count
}

const familiar = 'sign-in:'

/** Whether an account was opened from this network since then. */
export const knowsNetwork = async (db: Db, place: string, since: Instant): Promise<boolean> => {
  const row = await db
    .selectFrom('meta')
    .select('value')
    .where('key', '=', familiar + place)
    .executeTakeFirst()
  return row !== undefined && row.value >= since
}

/** Notes that an account was opened from this network; forgets those that nobody came from since `before`. */
export async function rememberNetwork(db: Db | Trx, place: string, now: Instant, before: Instant): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key: familiar + place, value: now })
    .onConflict((c) => c.column('key').doUpdateSet({ value: now }))
    .execute()
  await db.deleteFrom('meta').where('key', 'like', `${familiar}%`).where('value', '<', before).execute()
}

/** Drops sessions that ended by themselves. `realNow`: sessions keep real time. */
export const dropEndedSessions = (db: Db, realNow: Instant) =>
  staff(db).deleteFrom('session').where('expiresAt', '<', realNow).execute()
