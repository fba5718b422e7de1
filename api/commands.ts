import { join } from 'node:path'
import { createOwnerLink, createToken, inviteStaff, revokeToken } from './accounts/actions.ts'
import { isRole, type Role, roles, staffRoles } from './accounts/permissions.ts'
import { listTokens } from './accounts/queries.ts'
import { type App, openApp } from './app.ts'
import { type Actor, system } from './audit/audit.ts'
import { verifyOffers } from './compensation/verify.ts'
import type { Config } from './config.ts'
import { migrate } from './db/connect.ts'
import { invalid } from './errors.ts'
import { holdEverything } from './notices/heartbeat.ts'
import { recordBehind, startProgram } from './program.ts'
import { exportPublished } from './publish/export.ts'

type Say = (line: string) => void

/** Whoever sits at the terminal of the machine may do everything; the audit says it was them. */
const operator: Actor = { ...system, id: 'command line' }

async function withApp(config: Config, work: (app: App) => Promise<void>): Promise<void> {
  const app = openApp(config)
  try {
    await migrate(app.db)
    await work(app)
  } finally {
    await app.close()
  }
}

/** Brings the record to this version's form and says so. */
export const migrateRecord = (config: Config, say: Say) =>
  withApp(config, async () => say('The record has the form of this version.'))

/** Prints a link that makes whoever opens it the owner. Throws conflict when there is an owner. */
export const ownerLink = (config: Config, say: Say) =>
  withApp(config, async (app) =>
    say(`Open this link within 24 hours to become the owner:\n${await createOwnerLink(app)}`),
  )

/** Adds a person and prints the link with which they choose their password. */
export const createUser = (config: Config, say: Say, input: { email: string; name: string; roles: string[] }) =>
  withApp(config, async (app) => {
    const { url } = await inviteStaff(app, operator, { ...input, roles: input.roles.map((role) => staffRole(role)) })
    say(`${input.name} chooses a password with this link, within 24 hours:\n${url}`)
  })

/** Makes an API token and prints it, this once. */
export const makeToken = (config: Config, say: Say, input: { name: string; role: string }) =>
  withApp(config, async (app) => {
    const { role } = input
    if (!isRole(role)) throw invalid(`"${role}" is no role. There are: ${roles.join(', ')}.`)
    const { id, token } = await createToken(app, operator, { name: input.name, role })
    say(`Token ${id} for "${input.name}" as ${role}. It is shown this once:\n${token}`)
  })

/** Prints each token with its role and when it was last used. */
export const showTokens = (config: Config, say: Say) =>
  withApp(config, async (app) => {
    const tokens = await listTokens(app.db)
    if (!tokens.length) return say('There are no tokens.')
    for (const token of tokens) {
      const used = token.lastUsedAt ? `last used ${token.lastUsedAt}` : 'never used'
      const state = token.revokedAt ? `revoked ${token.revokedAt}` : used
      say(`${token.id}  ${token.role.padEnd(12)}  ${state}  ${token.name}`)
    }
  })

/** Ends a token at once. */
export const endToken = (config: Config, say: Say, id: string) =>
  withApp(config, async (app) => {
    await revokeToken(app, operator, id)
    say(`Token ${id} opens nothing any more.`)
  })

/** Holds everything that may still be sent until a person decides, and says how much that is. */
export const holdAll = (config: Config, say: Say) =>
  withApp(config, async (app) => {
    const { held, ended } = await holdEverything(app, operator)
    say(
      `${held === 1 ? 'One notice is' : `${held} notices are`} held. Nothing of what was open is sent until a person lets it go on or ends it on the desk; what is published from now on goes out as usual.`,
    )
    if (ended) say(`Messages to one person that end unsent: ${ended}. Who asked for a link or a code may ask again.`)
  })

/** Counts what offers keep again from their rows. Throws, with a line for each difference, when something does not agree. */
export const verifyCompensation = (config: Config, say: Say) =>
  withApp(config, async (app) => {
    const { offers, claims, differences } = await verifyOffers(app)
    for (const { offerId, what, kept, counted } of differences)
      say(`Offer ${offerId}: ${what} is kept as ${kept}, and its rows come to ${counted}.`)
    if (differences.length) throw new Error(`${differences.length} of what offers keep does not agree with their rows.`)
    say(`Offers: ${offers}. Claims counted again: ${claims}. Everything agrees.`)
  })

/** Draws every page again from the record; `startOver` also when the record is older than what is published. */
export async function publish(config: Config, say: Say, { startOver }: { startOver: boolean }): Promise<void> {
  const program = await startProgram({ ...config, port: 0 }, { say, roles: { web: true, worker: false } })
  try {
    if (program.publisher.state === 'record-behind' && !startOver) throw new Error(recordBehind)
    await program.publisher.publishAll({ startOver })
    say('Every page is drawn anew. A program that is running shows them after its next start.')
  } finally {
    await program.stop()
  }
}

/** Writes what is published into a folder that any web server can serve. Works without the record. */
export async function exportFolder(config: Config, say: Say, target: string): Promise<void> {
  const { sent, removed, revision } = await exportPublished(join(config.dataDir, 'published'), config.publicUrl, target)
  const showing = revision === null ? 'what is published' : `revision ${revision}`
  say(
    `${target} holds ${showing}: ${sent} files written and read back${removed ? `, ${removed} removed` : ''}. nginx.conf, Caddyfile and _headers beside the pages tell a web server how to serve them.`,
  )
}

function staffRole(text: string): Role {
  if (staffRoles.some((role) => role === text) && isRole(text)) return text
  throw invalid(`"${text}" is no role of a person. There are: ${staffRoles.join(', ')}.`)
}
