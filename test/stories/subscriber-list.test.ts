import { expect } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { system } from '#api/audit/audit.ts'
import { suppress } from '#api/subscribers/queries.ts'
import { story } from '../support/story.ts'
import { door, posted, snapshot, twoServices } from '../support/subscribers.ts'

const path = '/api/v1/subscribers'

story(
  'a machine brings in people who agreed elsewhere, with the proof; the others are asked',
  async ({ app, clock }) => {
    const api = door(app)
    const { orders } = await twoServices(app)
    const { token } = await createToken(app, system, { name: 'crm', role: 'machine' })
    const machine = { authorization: `Bearer ${token}` }
    const proof = { confirmed: true, consentAt: '2026-10-01T09:00:00+08:00', consentWording: 'contract-2026' }
    const create = (body: object, headers = {}) => api.post(path, body, { ...machine, ...headers })

    const first = await create({
      channel: 'email',
      address: 'Li@Mail.Example',
      components: [orders],
      locale: 'zh-CN',
      ...proof,
    })
    expect(first.status).toBe(201)
    const { id, ...rest } = (await first.json()) as { id: string }
    expect(id).toMatch(/^[a-z0-9]{12}$/)
    expect(rest).toEqual({
      channel: 'email',
      address: 'li@mail.example',
      locale: 'zh-CN',
      state: 'active',
      everything: false,
      components: [orders],
      suppressed: null,
      createdAt: app.now(),
      confirmedAt: app.now(),
      closedAt: null,
      closedReason: null,
      consentAt: '2026-10-01T01:00:00.000Z',
      consentWording: 'contract-2026',
    })
    expect(await posted(app)).toEqual([])

    const asked = await create({ channel: 'sms', address: '138 0013 8000' }, { 'idempotency-key': 'row-17' })
    expect([asked.status, await asked.json()]).toMatchObject([201, { state: 'pending', everything: true }])
    clock.move(1)
    expect((await create({ channel: 'sms', address: '138 0013 8000' }, { 'idempotency-key': 'row-17' })).status).toBe(
      201,
    )
    expect(await posted(app)).toMatchObject([{ address: '+8613800138000', kind: 'subscription.question' }])

    const before = await snapshot(app)
    const refusals = [
      [{ channel: 'email', address: 'li@mail.example', ...proof }, 409, undefined],
      [{ channel: 'email', address: 'x@mail.example', confirmed: true }, 422, ['consentAt', 'consentWording']],
      [{ channel: 'email', address: 'x@mail.example', ...proof, confirmed: undefined }, 422, ['confirmed']],
      [
        { channel: 'email', address: 'x@mail.example', ...proof, consentAt: '2027-01-01T00:00:00Z' },
        422,
        ['consentAt'],
      ],
      [{ channel: 'email', address: 'x@mail.example', ...proof, consentAt: 'yesterday' }, 422, ['consentAt']],
      [{ channel: 'email', address: 'x', ...proof }, 422, ['address']],
      [{ channel: 'email', ...proof }, 422, ['address']],
    ] as const
    for (const [body, status, fields] of refusals) {
      const answer = await create(body)
      const { error } = (await answer.json()) as { error: { message: string; fields?: object } }
      expect([answer.status, error.fields && Object.keys(error.fields)], JSON.stringify(body)).toEqual([status, fields])
      expect(error.message).toMatch(/[.]$/)
    }
    expect(await snapshot(app)).toBe(before)
    await app.db
      .transaction()
      .execute((trx) =>
        suppress(trx, app.now(), { channel: 'email', address: 'b@mail.example', reason: 'bounced', source: 'resend' }),
      )
    expect((await create({ channel: 'email', address: 'b@mail.example', ...proof })).status).toBe(409)
  },
)

story('the list is read page by page and by address, and viewers see addresses masked', async ({ app }) => {
  const api = door(app)
  const tokens = await Promise.all(
    (['machine', 'viewer'] as const).map((role) => createToken(app, system, { name: role, role })),
  )
  const [machine, viewer] = tokens.map(({ token }) => ({ authorization: `Bearer ${token}` }))
  const proof = { confirmed: true, consentAt: '2026-10-01T09:00:00+08:00', consentWording: 'contract-2026' }
  for (const name of ['a', 'b', 'c'])
    await api.post(path, { channel: 'email', address: `${name}@mail.example`, ...proof }, machine)
  await api.post(path, { channel: 'sms', address: '+6581234567', ...proof }, machine)

  type List = { data: { address: string }[]; next: string | null }
  const list = async (query: string, who = machine) => {
    const answer = await api.get(`${path}${query}`, who)
    return [answer.status, (await answer.json()) as List] as const
  }
  const seen: string[] = []
  for (let next: string | null = ''; next !== null; ) {
    const [, page]: readonly [number, List] = await list(`?channel=email&limit=2${next && `&cursor=${next}`}`)
    seen.push(...page.data.map(({ address }) => address))
    next = page.next
  }
  expect(seen.sort()).toEqual(['a@mail.example', 'b@mail.example', 'c@mail.example'])
  expect((await list('?address=A@mail.example'))[1].data).toMatchObject([{ address: 'a@mail.example' }])
  expect((await list('?address=%2B65%208123%204567'))[1].data).toMatchObject([{ address: '+6581234567' }])
  expect((await list('?channel=sms', viewer))[1].data).toMatchObject([{ address: '+65****4567' }])
  // An answer to the right guess would be the address itself.
  for (const guess of ['%2B65%208123%204567', 'nobody@mail.example'])
    expect(await list(`?address=${guess}`, viewer)).toMatchObject([403, { error: { code: 'forbidden' } }])
  expect((await list('?address=nobody'))[1].data).toEqual([])
  expect((await list('?color=red'))[0]).toBe(422)
  expect((await list('?address=%00'))[0]).toBe(422)
  expect((await list('?channel=%00'))[0]).toBe(422)
  expect((await list('?cursor=%00'))[1].data).toHaveLength(4)
  expect((await api.get(path)).status).toBe(401)
  expect((await api.post(path, { channel: 'email', address: 'd@mail.example' }, viewer)).status).toBe(403)
})
