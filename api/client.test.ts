import { expect } from 'vitest'
import { openIncident } from '#api/incidents/actions.ts'
import { inMinutes, lin, openServices } from '#test/support/services.ts'
import { story } from '#test/support/story.ts'
import { type Answers, clientFor, openAnswers } from './client.ts'
import { openRoutes } from './routes.ts'

story('pages that are drawn at once read each thing once, and the next ones read anew', async ({ app }) => {
  const { orders } = await openServices(app)
  const routes = openRoutes(app)
  const titles = async (answers?: Answers) => {
    const answer = await clientFor(routes, {}, answers).api.v1.status.$get()
    if (!answer.ok) throw new Error(`The status answered ${answer.status}.`)
    return (await answer.json()).open.map(({ title }) => title.en)
  }
  const missing = async (answers?: Answers) =>
    (await clientFor(routes, {}, answers).api.v1.status.codes[':code'].$get({ param: { code: 'none' } })).status
  let asked = 0
  const answers = openAnswers({
    known: () => {
      asked++
      return undefined
    },
  })
  expect(await Promise.all([titles(answers), titles(answers)])).toEqual([[], []])
  expect(asked).toBe(1)

  await openIncident(app, lin, {
    title: { en: 'Orders fail.', 'zh-CN': '下单失败。' },
    severity: 1,
    status: 'investigating',
    components: [{ id: orders, status: 'major_outage' }],
    body: { en: 'We are investigating.', 'zh-CN': '正在排查。' },
    nextUpdateAt: inMinutes(app, 10),
  })
  expect(await titles(answers)).toEqual([])
  expect(await titles(openAnswers())).toEqual(['Orders fail.'])
  expect(await titles()).toEqual(['Orders fail.'])
  expect([await missing(answers), await missing(answers), await missing()]).toEqual([404, 404, 404])
})
