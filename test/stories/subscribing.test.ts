import { expect } from 'vitest'
import { dayMs, hourMs, minuteMs } from '#api/lib/time.ts'
import { countAudience, subscribersAfter, suppress } from '#api/subscribers/queries.ts'
import { sweepSubscribers } from '#api/subscribers/staff-actions.ts'
import { story } from '../support/story.ts'
import { door, posted, snapshot, tokenIn, twoServices } from '../support/subscribers.ts'

const wang = { channel: 'email', address: ' Wang@Mail.Example ' }
const phone = { channel: 'sms', address: '138 0013 8000' }

story('nobody is subscribed by anybody but themselves: a link, a button, once', async ({ app, clock }) => {
  const api = door(app)
  const { orders } = await twoServices(app)
  const answer = await api.post('/api/v1/subscriptions', { ...wang, components: [orders], locale: 'zh-CN' })
  expect(answer.status).toBe(202)

  const [mail] = await posted(app)
  expect(mail).toMatchObject({ kind: 'subscription.question', address: 'wang@mail.example', state: 'queued' })
  expect(mail?.subject).toContain('确认')
  expect(mail?.text).toContain('以下服务的每一次进展：下单')
  expect(mail?.html).toContain('以下服务的每一次进展：下单')
  expect(mail?.text).not.toMatch(/Confirm|Order placement/)
  const reach = { channel: 'email', componentIds: [orders], everything: true }
  const now = { until: app.now(), afterId: '', limit: 10 }
  expect(await subscribersAfter(app.db, { ...reach, ...now })).toEqual([])

  const token = tokenIn(mail?.text ?? '', 'subscribe/confirm')
  expect(tokenIn(mail?.html ?? '', 'subscribe/confirm')).toBe(token)
  expect(JSON.stringify(await app.db.selectFrom('confirmation').selectAll().execute())).not.toContain(token)

  const before = await snapshot(app)
  const page = await api.get(`/api/v1/confirmations/${token}`)
  expect(await page.json()).toMatchObject({ state: 'open', address: 'w***@mail.example', componentIds: [orders] })
  expect(await snapshot(app)).toBe(before)

  clock.move(hourMs)
  const results = await Promise.all(Array.from({ length: 20 }, () => api.post(`/api/v1/confirmations/${token}`)))
  expect(results.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(409)])
  const row = await app.db.selectFrom('subscriber').selectAll().executeTakeFirstOrThrow()
  expect(row).toMatchObject({
    address: 'wang@mail.example',
    locale: 'zh-CN',
    everything: 0,
    confirmedAt: app.now(),
    consentAt: app.now(),
    consentWording: 'email-2026-11',
  })
  const audits = await app.db.selectFrom('audit').selectAll().where('action', '=', 'subscriber.confirmed').execute()
  expect(audits).toHaveLength(1)
  expect(JSON.stringify(audits)).not.toContain('wang')
  expect(await subscribersAfter(app.db, { ...reach, ...now, until: app.now() })).toMatchObject([{ id: row.id }])
  expect(await countAudience(app.db, { email: reach })).toEqual({
    email: { people: 1, suppressed: 0, locales: { 'zh-CN': 1 } },
  })
  const used = await api.get(`/api/v1/confirmations/${token}`)
  expect(await used.json()).toMatchObject({ state: 'used' })
})

story('a link works for 48 hours, and a wrong one not at all', async ({ app, clock }) => {
  const api = door(app)
  await api.post('/api/v1/subscriptions', wang)
  const token = tokenIn((await posted(app))[0]?.text ?? '', 'subscribe/confirm')
  expect((await api.post('/api/v1/confirmations/nonsense')).status).toBe(404)
  clock.move(48 * hourMs)
  expect((await api.post(`/api/v1/confirmations/${token}`)).status).toBe(409)
  expect(await (await api.get(`/api/v1/confirmations/${token}`)).json()).toMatchObject({ state: 'expired' })
})

story(
  'a number is confirmed by its code: five tries, ten minutes, and the newest code alone',
  async ({ app, clock }) => {
    const api = door(app)
    const codeOf = async () => /\b\d{6}\b/.exec((await posted(app)).at(-1)?.text ?? '')?.[0] ?? ''
    const enter = (code: string, address = phone.address) =>
      api.post('/api/v1/subscriptions/code', { channel: 'sms', address, code })
    const other = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')

    await api.post('/api/v1/subscriptions', phone)
    const first = await codeOf()
    const [text] = await posted(app)
    expect(text?.address).toBe('+8613800138000')
    expect(text?.text).toMatch(/^\[Hezhou\] \d{6} .*STOP.*HELP/)
    expect(text?.text.length).toBeLessThanOrEqual(160)
    for (let wrong = 0; wrong < 5; wrong++) expect((await enter(other(first))).status).toBe(422)
    expect((await enter(first)).status).toBe(422)

    clock.move(minuteMs)
    await api.post('/api/v1/subscriptions/again', phone)
    const second = await codeOf()
    clock.move(10 * minuteMs)
    expect((await enter(second)).status).toBe(422)

    await api.post('/api/v1/subscriptions', { ...phone, locale: 'zh-CN' })
    const third = await codeOf()
    expect((await posted(app)).at(-1)?.text.length).toBeLessThanOrEqual(70)
    const unknown = await enter(third, '139 0013 8000')
    const wrong = await enter(other(third))
    expect([unknown.status, await unknown.text()]).toEqual([wrong.status, await wrong.text()])
    const right = await Promise.all(Array.from({ length: 3 }, () => enter(` ${third.slice(0, 3)} ${third.slice(3)}`)))
    expect(right.map(({ status }) => status).sort()).toEqual([200, 422, 422])
    const row = await app.db.selectFrom('subscriber').selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject({ confirmedAt: app.now(), consentWording: 'sms-2026-11', locale: 'zh-CN' })
  },
)

story('of twenty guesses at once five are looked at', async ({ app }) => {
  const api = door(app)
  await api.post('/api/v1/subscriptions', phone)
  const code = /\b\d{6}\b/.exec((await posted(app))[0]?.text ?? '')?.[0]
  const guesses = Array.from({ length: 20 }, (_, guess) =>
    api.post(
      '/api/v1/subscriptions/code',
      { channel: 'sms', address: phone.address, code: String(guess).padStart(6, '9') },
      { 'x-candor-client-ip': `198.51.100.${guess}` },
    ),
  )
  for (const { status } of await Promise.all(guesses)) expect(status).toBe(422)
  const row = await app.db.selectFrom('confirmation').selectAll().executeTakeFirstOrThrow()
  expect(row).toMatchObject({ attempts: 5, usedAt: null })
  const late = await api.post('/api/v1/subscriptions/code', { channel: 'sms', address: phone.address, code })
  expect(late.status).toBe(422)
})

story('whether an address is known cannot be seen, and a stranger changes nobody’s choice', async ({ app, clock }) => {
  const api = door(app)
  const { orders, search } = await twoServices(app)
  const answers: unknown[] = []
  const ask = async (path: string, address: string, more: object = {}) => {
    const answer = await api.post(path, { channel: 'email', address, ...more })
    answers.push([answer.status, Object.fromEntries(answer.headers), await answer.text()])
  }
  await ask('/api/v1/subscriptions', 'active@mail.example', { components: [orders] })
  await api.post(`/api/v1/confirmations/${tokenIn((await posted(app))[0]?.text ?? '', 'subscribe/confirm')}`)
  clock.move(minuteMs)
  await ask('/api/v1/subscriptions', 'closed@mail.example')
  await api.post(`/api/v1/confirmations/${tokenIn((await posted(app)).at(-1)?.text ?? '', 'subscribe/confirm')}`)
  await app.db
    .updateTable('subscriber')
    .set({ closedAt: app.now(), closedReason: 'unsubscribed' })
    .where('address', '=', 'closed@mail.example')
    .execute()
  await ask('/api/v1/subscriptions', 'pending@mail.example')
  const bounced = { channel: 'email', address: 'bounced@mail.example', reason: 'bounced', source: 'resend' }
  await app.db.transaction().execute((trx) => suppress(trx, app.now(), bounced))
  const choices = () => app.db.selectFrom('subscriberComponent').selectAll().execute()
  const chosen = await choices()
  const already = (await posted(app)).length

  clock.move(minuteMs)
  for (const who of ['active', 'closed', 'pending', 'bounced', 'nobody'])
    await ask('/api/v1/subscriptions', `${who}@mail.example`, { components: [search], locale: 'zh-CN' })
  clock.move(minuteMs)
  for (const who of ['active', 'closed', 'pending', 'bounced', 'stranger'])
    await ask('/api/v1/subscriptions/again', `${who}@mail.example`)
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)

  expect(await choices()).toEqual(chosen)
  const active = await app.db
    .selectFrom('subscriber')
    .selectAll()
    .where('address', '=', 'active@mail.example')
    .executeTakeFirstOrThrow()
  expect(active).toMatchObject({ locale: 'en', everything: 0, closedAt: null })
  const sent = (await posted(app)).slice(already)
  expect(sent.map(({ address, kind, state }) => `${address.split('@')[0]} ${kind} ${state}`).sort()).toEqual([
    'active subscription.already queued',
    'active subscription.link queued',
    'bounced subscription.question suppressed',
    'closed subscription.question queued',
    'closed subscription.question queued',
    'nobody subscription.question queued',
    'pending subscription.question queued',
    'pending subscription.question queued',
  ])
  const reminder = sent.find(({ kind }) => kind === 'subscription.already')
  expect(reminder?.text).toContain('Every update about: Order placement')
  expect(() => tokenIn(reminder?.text ?? '', 'subscribe/confirm')).toThrow()
  expect(await app.db.selectFrom('subscriber').select('id').where('address', 'like', 'stranger%').execute()).toEqual([])
})

story('nothing is ever sent to a suppressed address, confirmed or not', async ({ app }) => {
  const api = door(app)
  await app.db
    .transaction()
    .execute((trx) =>
      suppress(trx, app.now(), { ...wang, address: 'wang@mail.example', reason: 'complained', source: 'x' }),
    )
  await api.post('/api/v1/subscriptions', wang)
  expect((await posted(app)).map(({ state }) => state)).toEqual(['suppressed'])
  const batches = await app.db.selectFrom('batch').select(['state', 'bytes']).execute()
  expect(batches).toEqual([{ state: 'final', bytes: null }])
})

story('preferences, a new language, and goodbye, by links that stand in every mail', async ({ app }) => {
  const api = door(app)
  const { orders, search } = await twoServices(app)
  await api.post('/api/v1/subscriptions', { ...wang, components: [orders] })
  const asked = tokenIn((await posted(app))[0]?.text ?? '', 'subscribe/confirm')
  const own = (await (await api.post(`/api/v1/confirmations/${asked}`)).json()) as Record<string, string>

  const before = await snapshot(app)
  expect(await (await api.get(`/api/v1/preferences/${own.preferences}`)).json()).toMatchObject({
    componentIds: [orders],
    everything: false,
    active: true,
  })
  expect((await api.get(`/api/v1/goodbyes/${own.unsubscribe}`)).status).toBe(200)
  expect((await api.get(`/api/v1/goodbyes/${own.preferences}`)).status).toBe(404)
  expect(await snapshot(app)).toBe(before)

  const save = (body: object) => api.post(`/api/v1/preferences/${own.preferences}`, body)
  expect((await save({ components: ['aaaaaaaaaaaa'], locale: 'en' })).status).toBe(422)
  expect((await save({ components: [search], locale: 'zh-CN', role: 'owner' })).status).toBe(422)
  expect(await snapshot(app)).toBe(before)
  expect(await (await save({ components: [search, search], locale: 'zh-CN' })).json()).toMatchObject({
    componentIds: [search],
    locale: 'zh-CN',
  })
  const revoked = (await (await save({ components: [], locale: 'en', revokeLinks: true })).json()) as typeof own
  expect(revoked).toMatchObject({ everything: true, active: true })
  expect((await save({ components: [], locale: 'en' })).status).toBe(404)
  expect((await api.post(`/api/v1/goodbyes/${own.unsubscribe}`)).status).toBe(404)

  const goodbye = await api.form(`/api/v1/goodbyes/${revoked.unsubscribe}`, { 'List-Unsubscribe': 'One-Click' })
  expect(goodbye.status).toBe(200)
  expect(goodbye.headers.get('set-cookie')).toBeNull()
  const row = await app.db.selectFrom('subscriber').selectAll().executeTakeFirstOrThrow()
  expect(row).toMatchObject({ closedAt: app.now(), closedReason: 'unsubscribed' })
  const after = await snapshot(app)
  expect((await api.post(`/api/v1/goodbyes/${revoked.unsubscribe}`)).status).toBe(200)
  expect(await snapshot(app)).toBe(after)
  expect((await api.post(`/api/v1/preferences/${revoked.preferences}`, { components: [], locale: 'en' })).status).toBe(
    409,
  )
})

story('a machine that fills every field gets the same answer and nothing happens', async ({ app }) => {
  const api = door(app)
  const before = await snapshot(app)
  const person = await api.post('/api/v1/subscriptions/again', wang)
  const machine = await api.post('/api/v1/subscriptions', { ...wang, website: 'https://spam.example' })
  expect([machine.status, await machine.text()]).toEqual([person.status, await person.text()])
  expect(await app.db.selectFrom('subscriber').selectAll().execute()).toEqual([])
  expect(JSON.parse(await snapshot(app)).delivery).toEqual(JSON.parse(before).delivery)
})

story('limits: a network is told, an address never', async ({ app, clock }) => {
  const api = door(app)
  const from = (ip: string) => ({ 'x-candor-client-ip': ip })
  const ask = (address: string, ip: string) =>
    api.post('/api/v1/subscriptions', { channel: 'email', address }, from(ip))

  const same = await Promise.all(Array.from({ length: 6 }, (_, n) => ask('wang@mail.example', `198.51.100.${n}`)))
  expect(new Set(same.map(({ status }) => status))).toEqual(new Set([202]))
  expect(await posted(app)).toHaveLength(3)
  clock.move(dayMs)
  await ask('wang@mail.example', '198.51.100.1')
  expect(await posted(app)).toHaveLength(4)

  const many = await Promise.all(Array.from({ length: 32 }, (_, n) => ask(`u${n}@mail.example`, `2001:db8::${n}`)))
  expect(many.filter(({ status }) => status === 202)).toHaveLength(30)
  const refused = many.find(({ status }) => status === 429)
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await refused?.json()).toMatchObject({ error: { code: 'too_many' } })
  clock.move(hourMs)
  expect((await ask('u31@mail.example', '2001:db8::1')).status).toBe(202)

  const before = (await posted(app)).length
  const numbers = Array.from({ length: 25 }, (_, n) => `+86 138 0013 ${8000 + n}`)
  const block = await Promise.all(
    numbers.map((address, n) => api.post('/api/v1/subscriptions', { channel: 'sms', address }, from(`192.0.2.${n}`))),
  )
  expect(new Set(block.map(({ status }) => status))).toEqual(new Set([202]))
  expect((await posted(app)).length - before).toBe(20)
})

story('what cannot be read is refused with a sentence at its field', async ({ app }) => {
  const api = door(app)
  const fieldsOf = async (body: object) => {
    const answer = await api.post('/api/v1/subscriptions', body)
    const { error } = (await answer.json()) as { error: { fields?: Record<string, string> } }
    return [answer.status, Object.keys(error.fields ?? {})]
  }
  expect(await fieldsOf({ channel: 'email', address: 'wang' })).toEqual([422, ['address']])
  expect(await fieldsOf({ channel: 'sms', address: '+44 7911 123456' })).toEqual([422, ['address']])
  expect(await fieldsOf({ channel: 'fax', address: '1' })).toEqual([422, ['channel']])
  expect(await fieldsOf({ ...wang, components: ['aaaaaaaaaaaa'] })).toEqual([422, ['components']])
  expect(await fieldsOf({ ...wang, locale: 'fr' })).toEqual([422, ['locale']])
  expect(await fieldsOf({ ...wang, admin: true })).toEqual([422, ['admin']])
})

story('who never confirms is forgotten after 7 days, and nobody else', async ({ app, clock }) => {
  const api = door(app)
  await api.post('/api/v1/subscriptions', { channel: 'email', address: 'stays@mail.example' })
  await api.post(`/api/v1/confirmations/${tokenIn((await posted(app))[0]?.text ?? '', 'subscribe/confirm')}`)
  await api.post('/api/v1/subscriptions', { channel: 'email', address: 'forgotten@mail.example' })
  clock.move(3 * dayMs)
  await api.post('/api/v1/subscriptions', { channel: 'email', address: 'again@mail.example' })
  clock.move(4 * dayMs + 1)
  await api.post('/api/v1/subscriptions/again', { channel: 'email', address: 'again@mail.example' })
  const left = async () =>
    (await app.db.selectFrom('subscriber').select('address').orderBy('address').execute()).map(({ address }) => address)
  expect(await sweepSubscribers(app)).toBe(1)
  expect(await left()).toEqual(['again@mail.example', 'stays@mail.example'])
  clock.move(7 * dayMs + 1)
  expect(await sweepSubscribers(app)).toBe(1)
  expect(await left()).toEqual(['stays@mail.example'])
  expect(await app.db.selectFrom('confirmation').selectAll().execute()).toEqual([])
  expect(await app.db.selectFrom('rateCount').selectAll().execute()).toEqual([])
})
