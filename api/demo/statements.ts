import type { App } from '#api/app.ts'
import type { Instant } from '#api/lib/time.ts'
import { draftStatement, recordMention } from '#api/statements/actions.ts'
import { publishStatement } from '#api/statements/publish-actions.ts'
import { readWhole, statementsOf } from '#api/statements/queries.ts'
import { decideRumour, noteRumour } from '#api/statements/question-actions.ts'
import { approveStatement, askForReview } from '#api/statements/review-actions.ts'
import { readEvening, type ToldStatement } from './company.ts'
import { findTold } from './queries.ts'
import { at, type Cast } from './told.ts'

/** The next step of a statement of the evening that nobody has taken: who takes it when, and how. */
export interface StatementStep {
  statement: ToldStatement
  kind: 'write' | 'approve' | 'publish'
  at: Instant
}

/** Records when others first spoke of the evening, and when it was declared: what the clocks run from. */
export async function tellMention(app: App, cast: Cast, incidentId: string): Promise<void> {
  const { date, mention } = readEvening()
  if (!mention) return
  const times = { mentionedAt: at(app, date, mention.at), declaredAt: at(app, date, mention.declared) }
  await recordMention(app, cast.person('lin'), incidentId, { ...times, source: mention.source })
}

/** What is to be done next with the evening's statements; null when all is said, or somebody did otherwise by hand. */
export async function nextStatementStep(app: App): Promise<StatementStep | null> {
  const { date, code, statements } = readEvening()
  const incident = await findTold(app.db, code ?? '')
  if (!incident) return null
  const rows = await statementsOf(app.db, incident.id)
  for (const statement of statements) {
    const row = rows.find(({ type }) => type === statement.type)
    const step = (kind: StatementStep['kind'], time: string) => ({ statement, kind, at: at(app, date, time) })
    if (!row) return step('write', statement.written ?? statement.at)
    if (row.state === 'legal_review' && statement.approved) return step('approve', statement.approved.at)
    if (row.state === 'approved' || (row.state === 'draft' && statement.template)) return step('publish', statement.at)
  }
  return null
}

/** Takes that step now, through the program's own actions, as the person who took it. */
export async function playStatementStep(app: App, cast: Cast, { statement, kind }: StatementStep): Promise<void> {
  const incident = await findTold(app.db, readEvening().code ?? '')
  if (!incident) return
  const writer = cast.person(statement.by)
  if (kind === 'write') {
    const { type, template, title, body, rumour } = statement
    const { id } = await draftStatement(app, writer, incident.id, { type, template, title, body })
    if (statement.approved) await askForReview(app, writer, id)
    if (!rumour) return
    const noted = await noteRumour(app, writer, incident.id, rumour)
    await decideRumour(app, writer, noted.id, { decision: 'answer', statementId: id })
    return
  }
  const row = (await statementsOf(app.db, incident.id)).find(({ type }) => type === statement.type)
  if (!row) return
  const place = { zone: app.site.zone, publicUrl: app.config.publicUrl }
  const { hash } = (await readWhole(app.db, row.id, place, app.now()))!
  if (kind === 'approve') await approveStatement(app, cast.person(statement.approved!.by), row.id, { hash })
  else await publishStatement(app, writer, row.id, { hash })
}
