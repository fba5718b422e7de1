import { expect } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { system } from '#api/audit/audit.ts'
import { changeFacts } from '#api/incidents/actions.ts'
import { openRoutes } from '#api/routes.ts'
import {
  addQuestion,
  approveAnswer,
  decideRumour,
  endAnswer,
  noteRumour,
  returnAnswer,
} from '#api/statements/question-actions.ts'
import { readQuestions } from '#api/statements/question-queries.ts'
import { lin } from '../support/services.ts'
import { both, ordersDown, spoken, wu } from '../support/statements.ts'
import { story } from '../support/story.ts'

story(
  'support copies what legal has approved and nothing else, and the answers grow with the questions',
  async ({ app, clock }) => {
    const incident = await ordersDown(app)
    const routes = openRoutes(app)
    const { token } = await createToken(app, system, { name: 'support', role: 'viewer' })
    const place = { zone: app.site.zone, publicUrl: app.config.publicUrl }
    const kept = () => readQuestions(app.db, incident, place)
    /** What somebody of support finds to copy. */
    const copied = async () => {
      const asked = await routes.request(`/api/v1/incidents/${incident}/questions`, {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(asked.status).toBe(200)
      const { data } = (await asked.json()) as { data: Awaited<ReturnType<typeof kept>> }
      return data.map(({ state, text }) => [state, text.question.en, text.answer.en])
    }
    const lost = both('Were orders lost?', '订单丢失了吗？')
    const first = { question: lost, answer: both('No. It began at {started}.', '没有。始于 {started}。') }
    await expect(
      addQuestion(app, lin, incident, { ...first, answer: both('By {when}.', '{when} 前。') }),
    ).rejects.toMatchObject({ code: 'invalid', fields: { 'answer.en': expect.stringContaining('{when}') } })
    const { id } = await addQuestion(app, lin, incident, first)
    expect(await copied()).toEqual([])
    const [waiting] = await kept()
    await expect(approveAnswer(app, lin, id, { hash: waiting!.hash })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(approveAnswer(app, wu, id, { hash: '0'.repeat(64) })).rejects.toMatchObject({ code: 'conflict' })
    clock.move(1_000)
    await returnAnswer(app, wu, id, { note: 'Say that payments return.' })
    const second = await addQuestion(app, lin, incident, {
      question: lost,
      answer: both('No; payments return. It began at {started}.', '没有，款项会退回。始于 {started}。'),
      replaces: id,
    })
    const answers = await kept()
    expect(answers.map(({ state }) => state)).toEqual(['ended', 'waiting'])
    await approveAnswer(app, wu, second.id, { hash: answers[1]!.hash })
    const given = ['approved', 'Were orders lost?', 'No; payments return. It began at 20:02 on 11 November 2026.']
    expect(await copied()).toEqual([given])

    // The approved answer is given until the one that takes its place is approved; a changed fact marks it.
    const third = await addQuestion(app, lin, incident, {
      question: lost,
      answer: both('No, none.', '没有。'),
      replaces: second.id,
    })
    expect(await copied()).toEqual([given])
    await changeFacts(app, lin, incident, { startedAt: '2026-11-11T12:01:00.000Z' })
    expect((await kept()).find((one) => one.id === second.id)?.differs.map(({ fact }) => fact)).toEqual([
      'started',
      'started',
    ])
    await approveAnswer(app, wu, third.id, { hash: (await kept()).find((one) => one.id === third.id)!.hash })
    expect(await copied()).toEqual([['approved', 'Were orders lost?', 'No, none.']])
    await endAnswer(app, lin, third.id)
    expect(await copied()).toEqual([])

    // A rumour is watched or answered; the hour runs from the first decision to answer.
    const rumour = await noteRumour(app, lin, incident, { text: 'They were hacked.', source: 'Weibo' })
    await decideRumour(app, lin, rumour.id, { decision: 'answer' })
    const { id: statementId } = await spoken(app, incident)
    await decideRumour(app, lin, rumour.id, { decision: 'answer', statementId })
    await expect(
      decideRumour(app, lin, rumour.id, { decision: 'answer', statementId: 'aaaaaaaaaaaa' }),
    ).rejects.toMatchObject({ code: 'invalid' })
    const shown = await routes.request(`/api/v1/incidents/${incident}/rumours`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(shown.status).toBe(403)
  },
)
