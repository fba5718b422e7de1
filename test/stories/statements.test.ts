import { XMLValidator } from 'fast-xml-parser'
import { expect } from 'vitest'
import type { Actor } from '#api/audit/audit.ts'
import { changeFacts } from '#api/incidents/actions.ts'
import { draftStatement, saveVersion } from '#api/statements/actions.ts'
import {
  correctStatement,
  publishStatement,
  supersedeStatement,
  withdrawStatement,
} from '#api/statements/publish-actions.ts'
import { approveStatement, askForReview, requestChanges } from '#api/statements/review-actions.ts'
import { readIncident } from '#api/status/read.ts'
import { readStatement, readStatementNews, readStatements } from '#api/status/statements.ts'
import { lin } from '../support/services.ts'
import { openPages } from '../support/site.ts'
import { answer, approved, both, ordersDown, spoken, wu } from '../support/statements.ts'
import { story } from '../support/story.ts'

const he: Actor = { id: 'he', roles: ['legal'] }
story('nothing goes out unapproved: one word changed in one language asks for approval again', async ({ app }) => {
  const incident = await ordersDown(app)
  const draft = await draftStatement(app, lin, incident, answer)
  expect(draft).toMatchObject({ state: 'draft', visibility: 'public', needsLegal: true, out: null, version: 1 })
  expect(draft.text.body['zh-CN']).toBe('遭受攻击的说法不属实。始于 2026年11月11日 20:02。')
  await expect(publishStatement(app, lin, draft.id)).rejects.toThrow('Legal has not approved this text.')
  await askForReview(app, lin, draft.id)
  const returned = await requestChanges(app, wu, draft.id, { note: 'Say what it was instead.' })
  expect(returned.events.at(-1)).toMatchObject({ kind: 'changes_requested', note: 'Say what it was instead.' })
  const better = both(
    'Reports of an attack are not correct; it was a change of ours. It began at {started}.',
    '遭受攻击的说法不属实，原因为内部配置变更。始于 {started}。',
  )
  const second = await saveVersion(app, lin, draft.id, { title: answer.title, body: better })
  await askForReview(app, lin, draft.id)
  const approved = await approveStatement(app, wu, draft.id, { hash: second.hash })
  expect(approved).toMatchObject({ state: 'approved', approvedHash: second.hash })

  const touched = { ...better, 'zh-CN': better['zh-CN'].replace('变更', '调整') }
  const third = await saveVersion(app, lin, draft.id, { title: answer.title, body: touched })
  expect(third).toMatchObject({ state: 'draft', approvedHash: null, version: 3 })
  expect(third.hash).not.toBe(second.hash)
  await expect(publishStatement(app, lin, draft.id)).rejects.toMatchObject({
    code: 'conflict',
    message: 'The text was changed after it was approved: version 2 was, version 3 was not. Ask for approval again.',
    fields: { 'body.zh-CN': expect.stringContaining('[-变更-]{+调整+}') },
  })
  expect(await readStatements(app)).toEqual([])
  await askForReview(app, lin, draft.id)
  // Whoever read the old version is shown what changed.
  await expect(approveStatement(app, wu, draft.id, { hash: second.hash })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('You have read version 2; version 3 was saved since.'),
    fields: { 'body.zh-CN': expect.stringContaining('{+调整+}') },
  })
  await approveStatement(app, wu, draft.id, { hash: third.hash })
  const out = await publishStatement(app, lin, draft.id, { hash: third.hash })
  expect(out).toMatchObject({ state: 'published', out: 'published', publishedVersion: 3 })
  expect(out.versions.map(({ number }) => number)).toEqual([3, 2, 1])
  expect((await readStatement(app, draft.id))?.body.en).toContain('It began at 20:02 on 11 November 2026.')
  expect((await readIncident(app, incident))?.statements).toMatchObject([{ id: draft.id, standing: 'published' }])
  const lines = await app.db.selectFrom('audit').select('action').where('subjectId', '=', draft.id).execute()
  expect(lines.map(({ action }) => action)).toEqual(
    expect.arrayContaining([
      'statement.drafted',
      'statement.changes_requested',
      'statement.approved',
      'statement.published',
    ]),
  )
})

story(
  'two approvers in a race: one wins, the other reads who was faster; nobody approves their own words',
  async ({ app }) => {
    const incident = await ordersDown(app)
    const { id, hash } = await draftStatement(app, lin, incident, answer)
    await askForReview(app, lin, id)
    const race = await Promise.allSettled([
      approveStatement(app, wu, id, { hash }),
      approveStatement(app, he, id, { hash }),
    ])
    expect(race.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = race.find((one) => one.status === 'rejected')
    expect(lost?.reason).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/approved this version at 20:08 already\. Nothing is left for you to do\.$/),
    })
    const events = await app.db.selectFrom('statementEvent').select('kind').where('kind', '=', 'approved').execute()
    expect(events).toHaveLength(1)

    const both: Actor = { id: 'both', roles: ['comms', 'legal'] }
    const own = await draftStatement(app, both, incident, answer)
    await askForReview(app, both, own.id)
    await expect(approveStatement(app, both, own.id, { hash: own.hash })).rejects.toMatchObject({ code: 'forbidden' })

    // A report that is written as a statement is let out by the lead, after legal, and not by one person for two.
    const report = await approved(app, incident, { ...answer, type: 'postmortem' })
    await expect(publishStatement(app, lin, report.id)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(publishStatement(app, { ...wu, roles: ['legal', 'lead'] }, report.id)).rejects.toThrow('as legal')
    expect(await publishStatement(app, { id: 'zhou', roles: ['lead'] }, report.id)).toMatchObject({ out: 'published' })
  },
)

story('what was said is put right or taken back in sight, never unsaid', async ({ app, clock }) => {
  const incident = await ordersDown(app)
  const first = await spoken(app, incident)
  clock.move(60_000)
  const draft = await correctStatement(app, lin, first.id, {
    title: answer.title,
    body: both('It was a change of ours.', '原因为内部配置变更。'),
    note: both('We say what it was.', '补充原因。'),
  })
  await expect(publishStatement(app, lin, first.id)).rejects.toMatchObject({ code: 'conflict' })
  // Until the correction is approved and out, readers see what was published.
  expect(await readStatement(app, first.id)).toMatchObject({ standing: 'published', corrections: [] })
  await askForReview(app, lin, first.id)
  await approveStatement(app, wu, first.id, { hash: draft.hash })
  expect(await publishStatement(app, lin, first.id)).toMatchObject({ state: 'corrected', publishedVersion: 2 })
  expect(await readStatement(app, first.id)).toMatchObject({
    standing: 'corrected',
    body: { en: 'It was a change of ours.' },
    corrections: [{ at: app.now(), note: { en: 'We say what it was.' } }],
  })

  clock.move(60_000)
  const second = await spoken(app, incident, { ...answer, title: both('A newer word', '新的声明') })
  await supersedeStatement(app, lin, second.id, { by: first.id })
  expect(await readStatement(app, second.id)).toMatchObject({
    standing: 'superseded',
    supersededBy: { id: first.id, title: { en: 'This was not an attack' } },
  })
  clock.move(60_000)
  await withdrawStatement(app, wu, first.id, { reason: both('We do not know the cause yet.', '原因尚未确认。') })
  const gone = await readStatement(app, first.id)
  expect(gone).toMatchObject({ standing: 'withdrawn', body: {}, withdrawnAt: app.now() })
  expect(gone?.withdrawnReason.en).toBe('We do not know the cause yet.')
  const [news] = await readStatementNews(app, 10)
  expect(news).toMatchObject({ kind: 'withdrawn', statement: { id: first.id, body: {} } })
  await expect(withdrawStatement(app, wu, first.id, { reason: both('Again.', '再次。') })).rejects.toMatchObject({
    code: 'conflict',
  })
})

story('hostile words are words on every surface, and a page says when its facts have changed', async ({ app }) => {
  const incident = await ordersDown(app)
  const nasty =
    ']]> <script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) ![y](https://e.example/p.png) {started}'
  const { id, hash } = await draftStatement(app, lin, incident, {
    type: 'rumour_answer',
    title: both(nasty, `零 ${nasty}`),
    body: both(nasty, `零 ${nasty}`),
  })
  await askForReview(app, lin, id)
  await approveStatement(app, wu, id, { hash })
  await publishStatement(app, lin, id)
  const site = await openPages(app)
  const live = /<script>alert|<img|href="javascript|href=&quot;javascript/
  for (const root of ['', '/zh-CN'])
    for (const place of ['/statements/', `/statements/${id}/`, `/incidents/${incident}/`, '/history/2026-11/']) {
      const html = await site.read(root + place)
      expect(html.slice(html.indexOf('<main')), root + place).not.toMatch(live)
      expect(html, root + place).toContain('&lt;img src=x')
    }
  for (const feed of ['/statements/history.rss', '/zh-CN/statements/history.atom']) {
    const xml = await site.read(feed)
    expect(XMLValidator.validate(xml)).toBe(true)
    // A title is plain text, and says what was written; a body is HTML, in which it must be text again.
    const bodies = [...xml.matchAll(/<(description|content)\b[^>]*>([^<]*)<\/\1>/g)].map(([, , body]) => body)
    expect(bodies.join()).toContain('&amp;lt;img src=x')
    expect(`${bodies.join()} ${xml.replaceAll(/<title[\s\S]*?<\/title>/g, '')}`).not.toMatch(
      /&lt;(script|img)|<(script|img)/,
    )
  }
  // The search holds plain words, which its page writes as text.
  const searched = async () => JSON.parse(await site.read('/history/2026-11.json')) as unknown[]
  expect(JSON.stringify(await searched())).toContain('<img src=x onerror=alert(1)>')
  const { items } = JSON.parse(await site.read('/statements/feed.json'))
  expect(items[0].content_html).not.toMatch(live)
  expect(items[0].content_html).toContain('&lt;img src=x')
  await changeFacts(app, lin, incident, { startedAt: '2026-11-11T12:01:00.000Z' })
  expect(await site.read(`/statements/${id}/`)).toContain('Facts have changed since this was said: when it began.')
  expect(await site.read(`/zh-CN/statements/${id}/`)).toContain('部分事实有变动：开始时间。')

  // Taken back: whoever reads the archive later finds that it was said, when it was taken back and why; its words nowhere.
  const reason = both(`It was wrong. ${nasty}`, `有误。${nasty}`)
  await withdrawStatement(app, wu, id, { reason })
  expect(await site.read('/history/2026-11/')).toMatch(/statements\/\w{12}\/[\s\S]*Withdrawn/)
  const page = await site.read(`/statements/${id}/`)
  const told = page.slice(page.indexOf('<main'))
  expect(told).toMatch(/Withdrawn <time [^>]*>.*11 November/)
  expect(told).toContain('It was wrong. ]]&gt;')
  expect(told).not.toMatch(live)
  expect(JSON.parse(await site.read('/statements/feed.json')).items[0].title).toMatch(/^Withdrawn: /)
  expect(JSON.stringify(await searched())).toContain('statements/')
})
