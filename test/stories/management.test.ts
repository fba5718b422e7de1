import { expect } from 'vitest'
import { openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { settle, takeKey } from '#api/http/claims.ts'
import { minuteMs } from '#api/lib/time.ts'
import { client, recordRoutes } from '../support/http.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { story } from '../support/story.ts'

const incident = (nextUpdateAt: string, components: unknown[] = []) => ({
  title: 'Most merchants cannot place orders',
  severity: 1,
  status: 'investigating',
  components,
  body: { en: 'We are investigating.', 'zh-CN': '正在排查。' },
  nextUpdateAt,
})

story('twenty posts at once with one key do one thing and get one answer', async ({ app }) => {
  const call = client(app, lin)
  const body = incident(inMinutes(app, 10))
  const headers = { 'Idempotency-Key': 'form-1' }
  const answers = await Promise.all(Array.from({ length: 20 }, () => call('POST', '/api/v1/incidents', body, headers)))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201))
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
  expect(answers.filter((answer) => answer.headers.has('Idempotency-Replayed'))).toHaveLength(19)
  expect(await app.db.selectFrom('incident').select('id').execute()).toHaveLength(1)
  expect(await app.db.selectFrom('outbox').select('seq').execute()).toHaveLength(1)

  const { id } = answers[0]!.body
  const update = { status: 'identified', body: 'Found.', nextUpdateAt: inMinutes(app, 10) }
  const path = `/api/v1/incidents/${id}/updates`
  const again = await Promise.all(Array.from({ length: 20 }, () => call('POST', path, update, headers)))
  expect(again.map(({ status, body }) => [status, body.updates.length])).toEqual(
    Array.from({ length: 20 }, () => [201, 2]),
  )
})

story('one key stands for one body, and a refused request may be corrected', async ({ app }) => {
  const call = client(app, lin)
  const headers = { 'Idempotency-Key': 'k' }
  const body = incident(inMinutes(app, 10))
  expect((await call('POST', '/api/v1/incidents', { ...body, severity: 9 }, headers)).status).toBe(422)
  expect((await call('POST', '/api/v1/incidents', body, headers)).status).toBe(201)
  expect(await call('POST', '/api/v1/incidents', { ...body, severity: 2 }, headers)).toMatchObject({
    status: 409,
    body: { error: { code: 'conflict', message: expect.stringContaining('another body') } },
  })
  expect((await client(app, { id: 'zhao', roles: [] })('POST', '/api/v1/incidents', body, headers)).body.id).not.toBe(
    (await call('POST', '/api/v1/incidents', body, headers)).body.id,
  )
  for (const key of ['a b', 'x'.repeat(257)])
    expect(
      (await call('POST', '/api/v1/incidents', body, { 'Idempotency-Key': key })).body.error.fields,
    ).toHaveProperty(['Idempotency-Key'])
})

story(
  'a process that died with a key in hand: what it did is found, what it did not is done',
  async ({ app, clock, env }) => {
    const services = await openServices(app)
    const body = incident(inMinutes(app, 10), [{ id: services.orders, status: 'major_outage' }])
    const call = client(app, lin)
    const keys = { scope: 'lin POST /api/v1/incidents', key: 'dead' }
    const send = () => call('POST', '/api/v1/incidents', body, { 'Idempotency-Key': 'dead' })
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex')
    const other = openApp(readConfig(env, 'test'), { clock })
    const taken = await takeKey(other.db, other.now(), keys, hash)
    if (taken.state !== 'mine') throw new Error('The key is new.')
    clock.move(minuteMs + 1)
    const opened = await send()
    expect(opened.status).toBe(201)
    await expect(other.db.transaction().execute((trx) => settle(trx, taken.claim, 'late'))).rejects.toMatchObject({
      code: 'conflict',
    })
    await other.close()

    // Its answer was lost, but not what it had done.
    await app.db.updateTable('idempotency').set({ status: null, body: opened.body.id }).execute()
    clock.move(minuteMs + 1)
    expect((await send()).body).toEqual(opened.body)
    expect(await app.db.selectFrom('incident').select('id').execute()).toHaveLength(1)
  },
)

story('what is wrong is said with its field and a sentence', async ({ app }) => {
  const call = client(app, lin)
  const body = incident(inMinutes(app, 10))
  const fields = async (changed: object) =>
    (await call('POST', '/api/v1/incidents', { ...body, ...changed })).body.error.fields
  expect(await fields({ nextUpdateAt: undefined })).toEqual({
    nextUpdateAt: 'Say when the next update comes: readers are waiting for it.',
  })
  expect(await fields({ nextUpdateAt: '2026-11-11 20:27' })).toHaveProperty(
    'nextUpdateAt',
    expect.stringContaining('zone'),
  )
  expect(await fields({ severity: '1' })).toHaveProperty('severity', 'A severity is a number from 1 (gravest) to 4.')
  expect(await fields({ title: ' ' })).toHaveProperty('title', 'Write this in at least one language.')
  expect(await fields({ title: { en: '', 'zh-CN': '' } })).toHaveProperty('title')
  expect(await fields({ title: 7 })).toHaveProperty('title', expect.stringContaining('one per language'))
  expect(await fields({ title: 'a\nb' })).toHaveProperty('title', 'This must be one line without control characters.')
  expect(await fields({ title: { en: 'x'.repeat(201) } })).toHaveProperty(
    ['title.en'],
    'This text is longer than 200 characters.',
  )
  expect(await fields({ body: 'bell\u0007' })).toHaveProperty('body', 'This text holds a control character.')
  expect(await fields({ body: { en: 'a\u0085' } })).toHaveProperty(['body.en'])
  expect(await fields({ body: 'half \ud83d' })).toHaveProperty('body')
  expect(await fields({ title: { fr: 'Bonjour' } })).toHaveProperty(['title.fr'], 'This field is not known here.')
  expect(await fields({ colour: 'red' })).toEqual({ colour: 'This field is not known here.' })
  expect(await fields({ components: [{ id: 'nope', status: 'on_fire' }] })).toMatchObject({
    'components.0.id': expect.any(String),
    'components.0.status': expect.any(String),
  })
  expect(await fields({ components: undefined })).toHaveProperty('components')
  expect(await call('POST', '/api/v1/incidents', '{"title":')).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid' } },
  })
  expect(await call('PATCH', `/api/v1/incidents/${'a'.repeat(12)}`, {})).toMatchObject({ status: 404 })
  expect(
    await call('POST', `/api/v1/incidents/${'a'.repeat(12)}/updates`, { status: 'resolved', body: 'x' }),
  ).toMatchObject({ status: 404 })
  expect((await app.db.selectFrom('incident').select('id').execute()).length).toBe(0)
})

story('texts are kept as meant: trimmed, plain line ends, one string in the default language', async ({ app }) => {
  const call = client(app, lin)
  const { body } = await call('POST', '/api/v1/incidents', {
    ...incident(inMinutes(app, 10)),
    body: ' One\r\n\tTwo \u{1f600} ',
    scope: { en: '', 'zh-CN': ' 多数商家 ' },
  })
  expect([body.title, body.updates[0].body, body.scope]).toEqual([
    { en: 'Most merchants cannot place orders' },
    { en: 'One\n\tTwo \u{1f600}' },
    { 'zh-CN': '多数商家' },
  ])
  expect(Object.keys(body)[0]).toBe('id')
  const patched = await call('PATCH', `/api/v1/incidents/${body.id}`, {
    scope: null,
    workaround: 'Pay later.',
    occurredAt: '2026-11-11T20:01:00+08:00',
  })
  expect(patched).toMatchObject({
    status: 200,
    body: { scope: {}, workaround: { en: 'Pay later.' }, occurredAt: '2026-11-11T12:01:00.000Z' },
  })
})

story('a list of incidents goes on page by page, without a gap or a repetition', async ({ app, clock }) => {
  const call = client(app, lin)
  const ids: string[] = []
  for (let i = 0; i < 7; i++) {
    if (i % 2) clock.move(minuteMs)
    ids.push((await call('POST', '/api/v1/incidents', incident(inMinutes(app, 10)))).body.id)
  }
  await call('POST', `/api/v1/incidents/${ids[0]}/updates`, { status: 'resolved', body: 'Done.' })
  const seen: string[] = []
  let cursor = ''
  do {
    const { body } = await call('GET', `/api/v1/incidents?status=open&limit=2${cursor && `&cursor=${cursor}`}`)
    seen.push(...body.data.map(({ id }: { id: string }) => id))
    cursor = body.next ?? ''
  } while (cursor)
  expect(seen).toHaveLength(6)
  expect([...seen].sort()).toEqual(ids.slice(1).sort())
  expect((await call('GET', '/api/v1/incidents?status=resolved')).body).toMatchObject({
    data: [{ id: ids[0] }],
    next: null,
  })
  expect((await call('GET', '/api/v1/incidents?limit=0')).status).toBe(422)
  expect((await call('GET', '/api/v1/incidents?colour=red')).status).toBe(422)
})

story('components are added in groups, renamed and moved; the page follows', async ({ app }) => {
  const call = client(app, lin)
  const first = await call('POST', '/api/v1/components', {
    name: { en: 'Search', 'zh-CN': '商品搜索' },
    group: { name: 'Storefront' },
    core: true,
  })
  expect(first).toMatchObject({
    status: 201,
    body: { status: 'operational', core: true, startDate: '2026-11-11', group: { name: { en: 'Storefront' } } },
  })
  const groupId = first.body.group.id
  await call('POST', '/api/v1/components', { name: 'Cart', groupId, startDate: '2026-01-02' })
  expect((await call('POST', '/api/v1/components', { name: 'x' })).body.error.fields).toHaveProperty('groupId')
  expect(
    (await call('POST', '/api/v1/components', { name: 'x', groupId: 'a'.repeat(12) })).body.error.fields,
  ).toHaveProperty('groupId')
  await call('PATCH', `/api/v1/components/${first.body.id}`, { name: 'Product search', position: 9 })
  const { body } = await call('GET', '/api/v1/components')
  expect(body.data.map(({ name, position }: { name: object; position: number }) => [name, position])).toEqual([
    [{ en: 'Cart' }, 2],
    [{ en: 'Product search' }, 9],
  ])
  const status = (await call('GET', '/api/v1/status')).body
  expect(status.groups).toMatchObject([{ components: [{ name: { en: 'Cart' } }, { name: { en: 'Product search' } }] }])
  expect(status.groups[0].components[1].days).toEqual([...Array.from({ length: 89 }, () => 'none'), 'operational'])
  expect((await call('PATCH', `/api/v1/components/${'a'.repeat(12)}`, {})).status).toBe(404)
})

story('the public reads answer what is there and nothing else', async ({ app }) => {
  const services = await openServices(app)
  const call = client(app, lin)
  const { id, code } = (
    await call(
      'POST',
      '/api/v1/incidents',
      incident(inMinutes(app, 10), [{ id: services.orders, status: 'major_outage' }]),
    )
  ).body
  const read = (path: string) => call('GET', `/api/v1/status${path}`)
  expect(await read(`/incidents/${id}`)).toMatchObject({ status: 200, body: { id, code, kind: 'incident' } })
  expect((await read(`/incidents/${id}`)).body).not.toHaveProperty('severity')
  expect((await read(`/codes/${code.toUpperCase()}`)).body.id).toBe(id)
  expect((await read(`/incidents/${'a'.repeat(12)}`)).status).toBe(404)
  expect((await read('/codes/zzzz')).status).toBe(404)
  expect((await read('/history/2026-11')).body.incidents).toHaveLength(1)
  expect((await read('/history/2026-13')).status).toBe(422)
  expect((await read('/months')).body.data).toEqual(['2026-11'])
  expect((await read('/updates?limit=5')).body.data).toMatchObject([{ incident: { id }, update: { number: 1 } }])
  const document = recordRoutes(app, lin).getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'x', version: '1' } })
  expect(Object.keys(document.paths ?? {})).toContain('/api/v1/incidents/{id}/updates')
  expect(document.components?.schemas).toHaveProperty('NewIncident')
})
