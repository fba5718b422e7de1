import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { changeComponent } from '#api/components/actions.ts'
import { discardList, nameAffected } from '#api/customers/affected-actions.ts'
import { changeFacts } from '#api/incidents/actions.ts'
import { changedPlaces } from '#api/publish/pages.ts'
import { draftStatement, saveVersion } from '#api/statements/actions.ts'
import { correctStatement, publishDue, publishStatement, scheduleStatement } from '#api/statements/publish-actions.ts'
import { readWhole, undecidedStatements } from '#api/statements/queries.ts'
import { approveStatement } from '#api/statements/review-actions.ts'
import { readRevision } from '#api/status/read.ts'
import { readStatement, readStatements } from '#api/status/statements.ts'
import { deskOf } from '../../src/ui/admin/desk.ts'
import { ofStatement } from '../../src/ui/admin/waiting.ts'
import { addCustomers } from '../support/customers.ts'
import { inMinutes, lin } from '../support/services.ts'
import { answer, approved, both, ordersDown, spoken, wu } from '../support/statements.ts'
import { story } from '../support/story.ts'

story('a fact that changes marks every text that tells it, wherever it stands', async ({ app }) => {
  const incident = await ordersDown(app)
  const brief = await draftStatement(app, lin, incident, {
    type: 'internal_brief',
    title: both('Brief', '通报'),
    body: both('Since {started}: {affected}.', '{started} 起：{affected}。'),
  })
  await publishStatement(app, lin, brief.id)
  const out = await spoken(app, incident)
  expect(out.differs).toEqual([])
  await changeFacts(app, lin, incident, { startedAt: '2026-11-11T12:01:00.000Z' })
  const after = await saveVersion(app, lin, brief.id, { title: both('Brief', '通报'), body: both('x', 'x') }).catch(
    (error) => error,
  )
  expect(after).toMatchObject({ code: 'conflict' })
  expect((await readStatement(app, out.id))?.differs).toEqual(['started'])
  const correction = await correctStatement(app, lin, out.id, {
    title: answer.title,
    body: answer.body,
    note: both('It began at 20:01, not at 20:02.', '开始时间为 20:01，而非 20:02。'),
  })
  expect(correction).toMatchObject({ state: 'draft', out: 'published', differs: [], needsLegal: true })
  expect(correction.publicDiffers).toEqual([
    { locale: 'en', fact: 'started', used: '20:02 on 11 November 2026', now: '20:01 on 11 November 2026' },
    { locale: 'zh-CN', fact: 'started', used: '2026年11月11日 20:02', now: '2026年11月11日 20:01' },
  ])
})

story(
  'a new number of affected customers, or a new name of a service, marks what is public at once',
  async ({ app }) => {
    const incident = await ordersDown(app)
    const [one, two] = (await addCustomers(app, [{}, {}])).map((id) => `C-${id}`) as [string, string]
    const name = (ids: string[]) =>
      nameAffected(app, lin, incident, {
        description: 'From the logs',
        customers: ids.map((customerId) => ({ customerId, minutes: null, feeMinor: null, amountMinor: null })),
      })
    const list = await name([one])
    const { id } = await spoken(app, incident, {
      ...answer,
      body: both('{customers} customers could not use {affected}.', '{customers} 家客户无法使用{affected}。'),
    })
    const marked = async (change: () => Promise<unknown>) => {
      const before = await readRevision(app)
      await change()
      const { news } = await changedPlaces(app, before)
      return {
        drawn: news.filter((place) => place.endsWith(`/statements/${id}/`)),
        differs: (await readStatement(app, id))?.differs,
      }
    }
    const drawn = [`/statements/${id}/`, `/zh-CN/statements/${id}/`]
    expect(await marked(() => name([one, two]))).toEqual({ drawn, differs: ['customers'] })
    const [{ id: newest } = { id: '' }] = await app.db
      .selectFrom('affectedList')
      .select('id')
      .where('id', '!=', list.id)
      .execute()
    expect(await marked(() => discardList(app, lin, newest))).toEqual({ drawn, differs: [] })
    const { componentId } = await app.db.selectFrom('statusInterval').select('componentId').executeTakeFirstOrThrow()
    expect(await marked(() => changeComponent(app, lin, componentId, { name: both('Ordering', '下单') }))).toEqual({
      drawn,
      differs: ['affected'],
    })
  },
)

story(
  'a text under embargo whose facts change stays in, with today’s facts in it, until it is approved anew',
  async (stage) => {
    const { clock } = stage
    const lines: string[] = []
    const app: App = { ...stage.app, log: (...line) => void lines.push(JSON.stringify(line)) }
    const incident = await ordersDown(app)
    const { id } = await approved(app, incident)
    await scheduleStatement(app, lin, id, { at: inMinutes(app, 5) })
    await changeFacts(app, lin, incident, { startedAt: '2026-11-11T12:01:00.000Z' })
    const place = { zone: app.site.zone, publicUrl: app.config.publicUrl }
    const read = async () => (await readWhole(app.db, id, place, app.now()))!
    /** What the first page of the desk says to somebody. */
    const waits = async (person: Actor) => {
      const [row] = await undecidedStatements(app.db)
      const desk = deskOf({ locale: 'en', site: app.site, now: app.now(), person: null } as Parameters<
        typeof deskOf
      >[0])
      return row?.id === id ? ofStatement(await read(), person, desk) : null
    }
    expect(await read()).toMatchObject({ state: 'scheduled', differs: [{ fact: 'started' }, { fact: 'started' }] })
    expect(await waits(wu)).toMatchObject({ why: 'Will not go out at its time: facts have changed', alarm: true })
    clock.move(5 * 60_000)
    expect([await publishDue(app), await publishDue(app)]).toEqual([0, 0])
    const stayed = await read()
    expect(stayed).toMatchObject({
      state: 'legal_review',
      approvedHash: null,
      publishAt: null,
      differs: [],
      version: 2,
    })
    expect(stayed.text.body.en).toContain('It began at 20:01 on 11 November 2026.')
    expect(stayed.events.slice(-2)).toMatchObject([
      { kind: 'facts_changed', version: 1, note: expect.stringContaining('20:02 on 11 November 2026 → 20:01') },
      { kind: 'review_asked', version: 2 },
    ])
    expect(await readStatements(app)).toEqual([])
    const why = 'Did not go out at its time: facts had changed'
    expect(await waits(wu)).toMatchObject({ why: `${why} · Waits for you`, mine: true, alarm: true })
    expect(await waits(lin)).toMatchObject({ why: `${why} · Waits for legal`, mine: false, alarm: true })
    expect([lines.join('').includes('statement.stopped'), lines.join('').includes(id)]).toEqual([true, false])
    await approveStatement(app, wu, id, { hash: stayed.hash })
    // What is known to be another now cannot be put under embargo; a fact that nobody knows any more asks the writer.
    await changeFacts(app, lin, incident, { startedAt: '2026-11-11T12:02:00.000Z' })
    await expect(scheduleStatement(app, lin, id, { at: inMinutes(app, 5) })).rejects.toThrow('Facts have changed')
    await changeFacts(app, lin, incident, { startedAt: '2026-11-11T12:01:00.000Z' })
    await scheduleStatement(app, lin, id, { at: inMinutes(app, 5) })
    clock.move(5 * 60_000)
    expect(await publishDue(app)).toBe(1)
    expect(await read()).toMatchObject({ state: 'published', publishedVersion: 2 })
    expect(await waits(wu)).toBe(null)
  },
)
