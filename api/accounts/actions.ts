import type { App } from '#api/app.ts'
import { type Action, type Actor, record, system } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import { conflict, invalid, notFound } from '#api/errors.ts'
import { newId } from '#api/lib/ids.ts'
import { hourMs, plusMs } from '#api/lib/time.ts'
import { hashSecret, newSecret } from '#api/lib/tokens.ts'
import { hashPassword, passwordFault, passwordLengthMax, passwordLengthMin } from './password.ts'
import type { Role } from './permissions.ts'
import * as queries from './queries.ts'

/** How long a one-time link opens. */
const linkHours = 24

interface NewPerson {
  email: string
  name: string
  roles: readonly Role[]
}

export const ownerExists = async (app: App): Promise<boolean> => (await queries.ownersWithPassword(app.db)).length > 0

/**
 * A link that makes whoever opens it first the owner, within 24 hours and only while there is none; links given out
 * before stop working. Throws conflict when an owner exists.
 */
export async function createOwnerLink(app: App): Promise<string> {
  if (await ownerExists(app)) throw conflict('There is an owner already. The owner invites others on the page People.')
  return app.db.transaction().execute(async (trx) => {
    await record(trx, app.now(), system, 'ownerLink.created', 'owner')
    return newLink(app, trx, 'owner')
  })
}

/** Makes a person who can sign in at once. `email` is stored in lower case; throws conflict when it is taken. */
export async function createStaff(
  app: App,
  input: NewPerson & { password: string },
  actor: Actor = system,
): Promise<string> {
  const hash = await hashedPassword(app, input.password, input.email)
  return app.db.transaction().execute(async (trx) => {
    const id = await insertPerson(trx, app, actor, 'staff.created', input)
    await queries.setPassword(trx, app.now(), newId(), id, hash)
    return id
  })
}

/** Adds a person and returns the link, shown once, with which they choose their password. */
export async function inviteStaff(app: App, actor: Actor, input: NewPerson): Promise<{ id: string; url: string }> {
  return app.db.transaction().execute(async (trx) => {
    const known = await queries.findUserByEmail(trx, input.email.toLowerCase())
    const id = known
      ? await welcomeBack(trx, app, actor, known.id, input)
      : await insertPerson(trx, app, actor, 'staff.invited', input)
    return { id, url: await newLink(app, trx, invitationOf(id)) }
  })
}

/** Ends a person's access: roles, an open invitation, sessions and password go, the name stays for the audit. The last owner stays. */
export async function removeStaff(app: App, actor: Actor, id: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const roles = await queries.rolesOf(trx, id)
    if (!roles.length) throw notFound('This person')
    const owners = await queries.ownersWithPassword(trx)
    if (owners.length === 1 && owners[0] === id)
      throw conflict('This is the last owner. Make somebody else an owner first.')
    await queries.setRoles(trx, id, [])
    // Before the account: whoever answers the invitation at this moment has either answered by now, or never will.
    await queries.dropLinks(trx, invitationOf(id))
    await queries.closeAccount(trx, id)
    await record(trx, app.now(), actor, 'staff.removed', id, { before: { roles } })
  })
}

/** What a one-time link is for. Throws not_found when it is unknown, used or too old. */
export async function readWelcome(
  app: App,
  token: string,
): Promise<{ purpose: 'owner' | 'invitation'; name: string; email: string }> {
  const link = await queries.findLink(app.db, hashSecret(token))
  if (!link || link.usedAt || link.expiresAt <= app.now()) throw notFound('This link')
  if (link.purpose === 'owner') {
    if (await ownerExists(app)) throw notFound('This link')
    return { purpose: 'owner', name: '', email: '' }
  }
  const user = await queries.findUser(app.db, link.purpose.split(':')[1] ?? '')
  if (!user) throw notFound('This link')
  return { purpose: 'invitation', name: user.name, email: user.email }
}

/** Uses a one-time link up: makes the owner, or gives the invited person a name and a password. Returns the address to sign in with. */
export async function acceptWelcome(
  app: App,
  token: string,
  input: { name: string; email: string; password: string },
): Promise<string> {
  const welcome = await readWelcome(app, token)
  const email = welcome.email || input.email.toLowerCase()
  const hash = await hashedPassword(app, input.password, email)
  await app.db.transaction().execute(async (trx) => {
    if (!(await queries.takeLink(trx, hashSecret(token), app.now()))) throw notFound('This link')
    if (welcome.purpose === 'owner') {
      const id = await insertPerson(trx, app, system, 'staff.created', { ...input, roles: ['owner'] })
      await queries.setPassword(trx, app.now(), newId(), id, hash)
      return
    }
    const user = await queries.findUserByEmail(trx, email)
    if (!user) throw notFound('This link')
    await queries.renameUser(trx, user.id, input.name)
    await queries.setPassword(trx, app.now(), newId(), user.id, hash)
    await record(trx, app.now(), { id: user.id, roles: [] }, 'staff.joined', user.id)
  })
  return email
}

/** A new API token with one role. The text is returned this once; the record keeps its hash. */
export async function createToken(
  app: App,
  actor: Actor,
  input: { name: string; role: Role },
): Promise<{ id: string; token: string }> {
  const token = `cndr_${newSecret()}`
  const id = newId()
  await app.db.transaction().execute(async (trx) => {
    const row = { id, name: input.name, role: input.role, createdAt: app.now(), createdBy: actor.id }
    await trx
      .insertInto('apiToken')
      .values({ ...row, secretHash: hashSecret(token), revokedAt: null, lastUsedAt: null })
      .execute()
    await record(trx, app.now(), actor, 'token.created', id, { after: row })
  })
  return { id, token }
}

/** From now on the token opens nothing. Revoking it again changes nothing. */
export async function revokeToken(app: App, actor: Actor, id: string): Promise<void> {
  await app.db.transaction().execute(async (trx) => {
    const token = await trx.selectFrom('apiToken').select(['id', 'revokedAt']).where('id', '=', id).executeTakeFirst()
    if (!token) throw notFound('This token')
    if (token.revokedAt) return
    await trx.updateTable('apiToken').set({ revokedAt: app.now() }).where('id', '=', id).execute()
    await record(trx, app.now(), actor, 'token.revoked', id)
  })
}

const invitationOf = (id: string) => `invitation:${id}`

async function newLink(app: App, trx: Trx, purpose: string): Promise<string> {
  const secret = newSecret()
  await queries.replaceLink(trx, {
    secretHash: hashSecret(secret),
    purpose,
    createdAt: app.now(),
    expiresAt: plusMs(app.now(), linkHours * hourMs),
    usedAt: null,
  })
  return `${app.config.publicUrl}/admin/welcome/${secret}`
}

async function insertPerson(trx: Trx, app: App, actor: Actor, action: Action, input: NewPerson): Promise<string> {
  const email = input.email.toLowerCase()
  if (await queries.findUserByEmail(trx, email))
    throw invalid('Somebody has this address already.', { email: 'Somebody has this address already.' })
  const id = newId()
  await queries.insertUser(trx, app.now(), { id, name: input.name, email })
  await queries.setRoles(trx, id, input.roles)
  await record(trx, app.now(), actor, action, id, { after: { name: input.name, roles: input.roles } })
  return id
}

/** Somebody who left, or has not answered yet, is invited again; whoever can sign in is not. */
async function welcomeBack(trx: Trx, app: App, actor: Actor, id: string, input: NewPerson): Promise<string> {
  const taken = 'Somebody has this address already.'
  if (await queries.hasPassword(trx, id)) throw invalid(taken, { email: taken })
  await queries.renameUser(trx, id, input.name)
  await queries.setRoles(trx, id, input.roles)
  await record(trx, app.now(), actor, 'staff.invited', id, { after: { name: input.name, roles: input.roles } })
  return id
}

async function hashedPassword(app: App, password: string, email: string): Promise<string> {
  refusePassword(password, email)
  return hashPassword(password, app.config.mode === 'test' ? 'quick' : 'strong')
}

/** Throws invalid, with the sentence at this field, when a new password will not do. */
export function refusePassword(password: string, email: string, field = 'password'): void {
  const fault = passwordFault(password, email)
  if (fault) throw invalid(sentences[fault], { [field]: sentences[fault] })
}

const sentences = {
  short: `The password needs ${passwordLengthMin} characters or more. Four words in a row are easy to remember.`,
  long: `The password may have ${passwordLengthMax} characters at the most.`,
  common: 'This password is one of those that are guessed first. Choose another, such as four words in a row.',
}
