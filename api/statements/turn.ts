import type { App } from '#api/app.ts'
import { type Action, type Actor, record } from '#api/audit/audit.ts'
import type { Trx } from '#api/db/connect.ts'
import type { Row } from '#api/db/schema.ts'
import { notFound } from '#api/errors.ts'
import { type Claim, settle } from '#api/http/claims.ts'
import { newId } from '#api/lib/ids.ts'
import type { Instant } from '#api/lib/time.ts'
import { announce } from '#api/outbox/outbox.ts'
import { changesAsText, changesBetween } from './compare.ts'
import { type Facts, usedFacts } from './facts.ts'
import {
  addEvent,
  factsNow,
  holdStatement,
  insertVersion,
  type Place,
  readWhole,
  saveStatement,
  versionsOf,
} from './queries.ts'
import { type Statement, wordingOf } from './show.ts'
import { isFilledIn } from './template.ts'
import { findTemplate } from './templates.ts'
import { maySee } from './types.ts'
import { hashOf, type Wording } from './version.ts'

export const placeOf = (app: App): Place => ({ zone: app.site.zone, publicUrl: app.config.publicUrl })

/** A statement in the hands of one person: nobody else changes it until they are done. */
export interface Turn {
  app: App
  actor: Actor
  trx: Trx
  now: Instant
  statement: Row<'statement'>
  /** The oldest first. */
  versions: Row<'statementVersion'>[]
  newest: Row<'statementVersion'>
  facts: Facts
}

/** What came of a turn. */
/** What can happen to a statement, by the second half of its audit line. */
export type Event = Action extends infer Done ? (Done extends `statement.${infer Kind}` ? Kind : never) : never

export interface Outcome {
  after: Row<'statement'>
  /** What is written into its history; the newest version is meant unless another is named. */
  events: { kind: Event; note?: string | null; versionId?: string }[]
  /** What the public hears of it; null when nothing changes for readers. */
  announced?: 'statement.published' | 'statement.corrected' | 'statement.withdrawn' | 'statement.superseded' | null
}

export interface Asked {
  claim?: Claim | undefined
}

/**
 * Lets one person take one step with a statement: reads and holds it, does what `run` says, and writes the row, its
 * history, the audit line and the row that tells the publisher, all or nothing. Throws `not_found` also for whoever may
 * not know of it. `run` answers null when there is nothing to do.
 */
export async function takeTurn(
  app: App,
  actor: Actor,
  id: string,
  run: (turn: Turn) => Came,
  { claim, program = false }: Asked & { program?: boolean } = {},
): Promise<Statement> {
  const whole = await app.db.transaction().execute(async (trx) => {
    const statement = await holdStatement(trx, id)
    const { type, visibility, publishedVersionId } = statement ?? {}
    if (!statement || !type || !visibility) throw notFound('This statement')
    if (!program && !maySee(actor.roles, { type, visibility, published: publishedVersionId !== null }))
      throw notFound('This statement')
    const now = app.now()
    const versions = await versionsOf(trx, [id])
    const newest = versions.find((version) => version.id === statement.versionId)!
    const facts = (await factsNow(trx, statement.incidentId, placeOf(app)))!
    const outcome = await run({ app, actor, trx, now, statement, versions, newest, facts })
    if (outcome) await finish(trx, now, actor, statement, outcome)
    await settle(trx, claim, id)
    return (await readWhole(trx, id, placeOf(app), now))!
  })
  app.wake()
  return whole
}

type Came = Promise<Outcome | null> | Outcome | null

/** A step that asks for nothing but its statement: what `run` says, in one turn. */
export const step =
  (run: (turn: Turn) => Came) =>
  (app: App, actor: Actor, id: string, asked: Asked = {}): Promise<Statement> =>
    takeTurn(app, actor, id, run, asked)

/** A step with what a person has to say for it. */
export const stepWith =
  <Input>(run: (turn: Turn, input: Input) => Came) =>
  (app: App, actor: Actor, id: string, input: Input, asked: Asked = {}): Promise<Statement> =>
    takeTurn(app, actor, id, (turn) => run(turn, input), asked)

async function finish(trx: Trx, now: Instant, actor: Actor, before: Row<'statement'>, outcome: Outcome): Promise<void> {
  const { after, events, announced } = outcome
  await saveStatement(trx, after)
  for (const { kind, note = null, versionId = after.versionId } of events) {
    await addEvent(trx, { statementId: after.id, versionId, kind, note, at: now, by: actor.id })
    await record(trx, now, actor, `statement.${kind}` as const, after.id, { before, after })
  }
  if (announced && after.visibility === 'public')
    await announce(trx, now, { kind: announced, incidentId: after.incidentId })
}

/** Writes the next version of a statement; null when nothing in it is new. */
export async function addVersion(
  trx: Trx,
  actor: Actor,
  now: Instant,
  of: { statementId: string; template: string | null; versions: Row<'statementVersion'>[]; facts: Facts },
  words: Pick<Wording, 'title' | 'body' | 'note'>,
): Promise<Row<'statementVersion'> | null> {
  const wording: Wording = { ...words, facts: usedFacts([words.title, words.body], of.facts) }
  const hash = hashOf(wording)
  if (of.versions.at(-1)?.hash === hash) return null
  const template = findTemplate(of.template)
  const version: Row<'statementVersion'> = {
    id: newId(),
    statementId: of.statementId,
    number: (of.versions.at(-1)?.number ?? 0) + 1,
    title: JSON.stringify(wording.title),
    body: JSON.stringify(wording.body),
    facts: JSON.stringify(wording.facts),
    note: JSON.stringify(wording.note),
    hash,
    fromTemplate: template && isFilledIn(template, words) ? 1 : 0,
    createdAt: now,
    createdBy: actor.id,
  }
  await insertVersion(trx, version)
  return version
}

/** Writes what somebody whose turn it is has written; null when nothing in it is new. */
export const nextVersion = (
  { trx, actor, now, statement: { id: statementId, template }, versions, facts }: Turn,
  words: Pick<Wording, 'title' | 'body' | 'note'>,
) => addVersion(trx, actor, now, { statementId, template, versions, facts }, words)

/** What differs between an earlier version and the newest one, for whoever is refused because of it; null when there is none. */
export function changedSince(
  earlier: Row<'statementVersion'> | undefined,
  newest: Row<'statementVersion'>,
): { fields: Record<string, string>; number: number } | null {
  if (!earlier) return null
  return { fields: changesAsText(changesBetween(wordingOf(earlier), wordingOf(newest))), number: earlier.number }
}
