import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { actionTypes, priorities } from '#api/reviews/action.ts'
import { addFactor, changeReview, saveSection } from '#api/reviews/actions.ts'
import { causes, factorKinds } from '#api/reviews/cause.ts'
import { type ReportPart, reportParts } from '#api/reviews/report.ts'
import { writeReport } from '#api/reviews/report-actions.ts'
import { addAction } from '#api/reviews/task-actions.ts'
import type { ToldUpdate } from './company.ts'
import { at, type Cast } from './told.ts'

const text = z.string().min(1)
const words = z.strictObject({ en: text, 'zh-CN': text })
const learnt = {
  factors: z.array(z.strictObject({ kind: z.enum(factorKinds), text })),
  actions: z.array(
    z.strictObject({
      type: z.enum(actionTypes),
      text,
      owner: text.optional(),
      due: text.optional(),
      priority: z.enum(priorities).optional(),
    }),
  ),
}
const schema = z.strictObject({
  held: text,
  youngest: z.strictObject({ ...learnt, meeting: text, cause: z.enum(causes), summary: text }),
  evening: z.strictObject({
    ...learnt,
    report: z.strictObject(
      Object.fromEntries(reportParts.map((part) => [part, words])) as Record<ReportPart, typeof words>,
    ),
  }),
})

/** What the demonstration company has learnt: content/demo/reviews.yaml. Throws when the file is not right. */
export const readLearnt = () =>
  schema.parse(parse(readFileSync(join(import.meta.dirname, '../../content/demo/reviews.yaml'), 'utf8')))

type Learnt = Pick<z.infer<typeof schema>['evening'], 'factors' | 'actions'>

async function writeLearnt(app: App, actor: Actor, incidentId: string, { factors, actions }: Learnt): Promise<void> {
  for (const factor of factors) await addFactor(app, actor, incidentId, factor)
  for (const action of actions) await addAction(app, actor, incidentId, action)
}

/** Closes a review of the past, which was held elsewhere. */
export const closePast = (app: App, cast: Cast, incidentId: string) =>
  changeReview(app, cast.person('zhou'), incidentId, { state: 'closed', reason: readLearnt().held })

/** Writes the review that is at work when the evening begins. */
export async function writeYoungest(app: App, cast: Cast, incidentId: string): Promise<void> {
  const { meeting, cause, summary, ...learnt } = readLearnt().youngest
  const actor = cast.person('zhou')
  const [day = '', time = ''] = meeting.split(' ')
  await changeReview(app, actor, incidentId, { state: 'in_review', meetingAt: at(app, day, time) })
  await writeLearnt(app, actor, incidentId, learnt)
  await changeReview(app, actor, incidentId, { causeCategory: cause })
  await saveSection(app, actor, incidentId, 'summary', { body: summary, follows: 0 })
}

/** What is written down once the evening is over: factors, actions, and the report as it waits for its approvals. */
export async function writeEvening(app: App, cast: Cast, incidentId: string, update: ToldUpdate): Promise<void> {
  if (update.status !== 'resolved') return
  const { report, ...learnt } = readLearnt().evening
  await writeLearnt(app, cast.person('zhou'), incidentId, learnt)
  await writeReport(app, cast.person('lin'), incidentId, { parts: report, follows: 0 })
}
