import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { draftStatement, type NewStatement } from '#api/statements/actions.ts'
import { publishStatement } from '#api/statements/publish-actions.ts'
import { approveStatement, askForReview } from '#api/statements/review-actions.ts'
import type { Statement } from '#api/statements/show.ts'
import { inMinutes, lin, openServices } from './services.ts'

export const wu: Actor = { id: 'wu', roles: ['legal'] }
export const both = (en: string, zh: string) => ({ en, 'zh-CN': zh })

/** An incident that everybody may know of; its id. */
export async function ordersDown(app: App): Promise<string> {
  const { orders } = await openServices(app)
  const { id } = await openIncident(app, lin, {
    title: both('Orders fail.', '无法下单。'),
    severity: 1,
    status: 'investigating',
    startedAt: '2026-11-11T12:02:00.000Z',
    components: [{ id: orders, status: 'major_outage' }],
    body: both('We are looking.', '正在排查。'),
    nextUpdateAt: inMinutes(app, 20),
  })
  return id
}

export const answer = {
  type: 'rumour_answer' as const,
  title: both('This was not an attack', '并非遭受攻击'),
  body: both('Reports of an attack are not correct. It began at {started}.', '遭受攻击的说法不属实。始于 {started}。'),
}

/** A statement that legal has approved, and is not out yet. */
export async function approved(app: App, incident: string, words: NewStatement = answer): Promise<Statement> {
  const { id, hash } = await draftStatement(app, lin, incident, words)
  await askForReview(app, lin, id)
  return approveStatement(app, wu, id, { hash })
}

/** A statement that legal has approved, and everybody reads. */
export const spoken = async (app: App, incident: string, words: NewStatement = answer): Promise<Statement> =>
  publishStatement(app, lin, (await approved(app, incident, words)).id)
