import { join } from 'node:path'
import { expect } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { listLetters, readLetter } from '#api/channels/letterbox/read.ts'
import { ratingUrl } from '#api/feedback/links.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { openRoutes } from '#api/routes.ts'
import { readIncident } from '#api/status/read.ts'
import { openPages } from '../support/site.ts'
import { story } from '../support/story.ts'
import { snapshot } from '../support/subscribers.ts'
import { lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workNow } from '../support/work.ts'

/** The API as the outside meets it, from one address with one browser unless said otherwise. */
function outside(app: App, bearer = '') {
  const routes = openRoutes(app)
  return async (method: string, path: string, json?: unknown, from: { ip?: string; agent?: string } = {}) => {
    const answer = await routes.request(path, {
      method,
      headers: {
        'x-candor-client-ip': from.ip ?? '203.0.113.7',
        'user-agent': from.agent ?? 'Browser 1',
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    })
    const text = await answer.text()
    return { status: answer.status, text, body: text ? JSON.parse(text) : null }
  }
}

/** The mails that lie in the letterbox. */
async function letters(app: App) {
  const letterbox = join(app.config.dataDir, 'letterbox')
  const { data } = await listLetters(letterbox, { channel: 'email', limit: 200 })
  return Promise.all(data.map(async ({ id }) => (await readLetter(letterbox, id))!))
}

const everything = async (app: App) =>
  JSON.stringify([
    await snapshot(app),
    await app.db.selectFrom('rating').selectAll().execute(),
    await app.db.selectFrom('helpedAnswer').selectAll().execute(),
  ])

story('“Did this help?” counts each person once, keeps nobody’s address, and is no use to a flood', async ({ app }) => {
  const services = await openServices(app)
  const { id } = await ordersDown(app, services)
  const ask = outside(app)
  const answers = `/api/v1/status/incidents/${id}/answers`
  expect((await ask('POST', answers, { helped: true, locale: 'zh-CN' })).status).toBe(202)
  expect((await ask('POST', answers, { helped: false })).status).toBe(202)
  expect((await ask('POST', answers, { helped: true, website: 'https://spam.example' })).status).toBe(202)
  const rows = () => app.db.selectFrom('helpedAnswer').selectAll().execute()
  expect((await rows()).map(({ helped }) => helped)).toEqual([0])
  expect(JSON.stringify(await rows())).not.toMatch(/203\.0|Browser/)

  // An office behind one address is heard, a flood from there is not.
  const office = []
  for (let i = 0; i < 32; i++)
    office.push((await ask('POST', answers, { helped: true }, { agent: `Browser ${i + 2}` })).status)
  expect(office.slice(0, 19)).toEqual(Array(19).fill(202))
  expect(new Set(office.slice(19))).toEqual(new Set([429]))
  expect(await rows()).toHaveLength(20)
  expect((await ask('POST', answers, { helped: true }, { ip: '198.51.100.4' })).status).toBe(202)

  const secret = await openIncident(app, lin, {
    title: words('One store.', '一家店铺。'),
    severity: 3,
    status: 'resolved',
    components: [],
    body: words('It is over.', '已恢复。'),
  })
  for (const unknown of [secret.id, 'aaaaaaaaaaaa'])
    expect(
      (await ask('POST', `/api/v1/status/incidents/${unknown}/answers`, { helped: true }, { ip: '198.51.100.5' }))
        .status,
    ).toBe(404)
  expect((await ask('POST', answers, { helped: 'yes' })).status).toBe(422)
})

story(
  'the resolved mail asks for a rating: one answer per subscriber, which they may change, and GET changes nothing',
  async (stage) => {
    const { app } = stage
    const services = await openServices(app)
    const people = [...'abcde'].map((name) => ({ address: `${name}@mail.example`, locale: 'en' as const }))
    await subscribe(app, [...people, { address: 'wang@mail.example', locale: 'zh-CN' }])
    const { id } = await ordersDown(app, services)
    await publishUpdate(app, lin, id, { status: 'resolved', body: words('It is over.', '已恢复。') })
    await workNow(app)
    const mails = await letters(app)
    const linkIn = (text: string) => /https:\/\/status\.hezhou\.example\/feedback\/(\w+)\/([\w.-]+)/.exec(text)
    expect(mails.filter(({ subject, text }) => !/Resolved|已解决/.test(subject ?? '') && linkIn(text))).toEqual([])
    const resolved = mails.filter(({ subject }) => /Resolved|已解决/.test(subject ?? ''))
    expect(resolved).toHaveLength(6)
    const subscribers = await app.db.selectFrom('subscriber').selectAll().execute()
    for (const { address, text, html } of resolved) {
      const url = ratingUrl(app.config, id, subscribers.find((one) => one.address === address)!)
      expect([linkIn(text)?.[0], linkIn(html ?? '')?.[0]]).toEqual([url, url])
    }
    const wang = resolved.find(({ address }) => address === 'wang@mail.example')!
    expect(wang.text).toContain('我们的通报做得如何？请评分')

    const ask = outside(app)
    const own = (address: string) =>
      `/api/v1/status/incidents/${id}/ratings/${linkIn(resolved.find((mail) => mail.address === address)!.text)![2]}`
    const before = await everything(app)
    const shown = await ask('GET', own('wang@mail.example'))
    expect(shown.body).toEqual({
      incidentId: id,
      title: words('Most merchants cannot place orders.', '多数商家无法提交订单。'),
      locale: 'zh-CN',
      score: null,
      comment: null,
    })
    expect(await everything(app)).toBe(before)
    expect(shown.text).not.toMatch(/mail\.example/)

    const desk = outside(app, (await createToken(app, system, { name: 'test', role: 'owner' })).token)
    const publication = `/api/v1/incidents/${id}/feedback/publication`
    for (const [i, { address }] of people.slice(0, 4).entries())
      expect((await ask('POST', own(address), { score: i < 2 ? 5 : 4 })).status).toBe(200)
    expect((await desk('POST', publication)).status).toBe(422)
    expect((await ask('POST', own('wang@mail.example'), { score: 1, comment: '来得太晚' })).status).toBe(200)
    expect((await ask('POST', own('wang@mail.example'), { score: 2, comment: '来得太晚' })).body).toMatchObject({
      score: 2,
    })
    for (const score of [0, 6, 4.5, '5'])
      expect((await ask('POST', own('wang@mail.example'), { score })).status).toBe(422)
    expect((await desk('GET', `/api/v1/incidents/${id}/feedback`)).body).toMatchObject({
      ratings: { answers: 5, asked: 6, mean: '4.0', satisfied: '80.0', distribution: [0, 1, 0, 2, 2] },
      comments: [{ score: 2, comment: '来得太晚', locale: 'zh-CN' }],
      publication: null,
    })

    // What the company shows stays as it was shown until it is shown anew; a revoked or foreign link opens nothing.
    expect((await desk('POST', publication)).body).toMatchObject({ mean: '4.0', answers: 5 })
    await ask('POST', own('e@mail.example'), { score: 5 })
    expect((await readIncident(app, id))?.rating).toMatchObject({ mean: '4.0', answers: 5 })
    const pages = await openPages(app)
    expect(await pages.read(`/incidents/${id}/`)).toContain('4.0 of 5, 5 answers')
    const chinese = await pages.read(`/zh-CN/incidents/${id}/`)
    expect(chinese).toContain('4.0 分（满分 5），5 份回答')
    expect(chinese).toContain(`action="/zh-CN/feedback/${id}/"`)
    await desk('DELETE', publication)
    expect((await readIncident(app, id))?.rating).toBeNull()
    expect((await outside(app)('POST', publication)).status).toBe(401)
    const other = await ordersDown(app, services)
    expect((await ask('GET', own('e@mail.example').replace(id, other.id))).status).toBe(404)
    await app.db.updateTable('subscriber').set({ generation: 2 }).execute()
    expect((await ask('POST', own('e@mail.example'), { score: 1 })).status).toBe(404)
  },
)
