import { once } from 'node:events'
import { request } from 'node:http'
import { serve } from '@hono/node-server'
import { expect } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { workOnImports } from '#api/customers/work.ts'
import { openRoutes } from '#api/routes.ts'
import { askAs } from '../support/asked.ts'
import { story } from '../support/story.ts'
import { openServices, ordersDown } from '../support/telling.ts'

// Files about customers as another program hands them in, and everything that may be wrong with one.

const readAll = async (app: App) => {
  while (await workOnImports(app));
}
const bytes = (text: string) => Buffer.from(text)
/** "客户编号,名称\nZ-9,云和茶业\n" as Chinese Excel saves it. */
const gb18030 = Buffer.from('bfcdbba7b1e0bac52cc3fbb3c60a5a2d392cd4c6bacdb2e8d2b50a', 'hex')

story('a file is taken in over HTTP in any usual form, and each row that is not used says why', async ({ app }) => {
  await openServices(app)
  const ask = await askAs(app, 'coordination')
  const hand = (file: Uint8Array, query = 'kind=customers&name=shops.csv') => ask('POST', `/imports?${query}`, file)
  const read = async (id: string, columns: (string | null)[], currency = 'CNY') => {
    const named = await ask('POST', `/imports/${id}/columns`, { columns, currency })
    await readAll(app)
    return named
  }
  const file = bytes(
    [
      '\uFEFFcustomer_id,name,monthly_fee,currency,email',
      'A-1,Shop 1,"1,299.00",CNY,a@shop.example',
      '"=HYPERLINK(""http://x"")",Shop 2,1,CNY,b@shop.example',
      'A-3,=1+1,-5.00,CNY,c@shop.example',
      'A-4,Shop 4,5.00,XYZ,d@shop.example',
      'A-5,Shop 5,5.001,CNY,e@shop.example',
      'A-1,Shop 1,"1,299.00",CNY,a@shop.example',
      'A-6,"Shop',
    ].join('\r\n'),
  )
  const cut = await hand(file)
  // It stops inside a quoted cell: refused as a whole, at the first look or when it is read, and nobody of it counts.
  if (cut.status === 201) await read(cut.json.id, cut.json.columns)
  else expect([cut.status, cut.json.error.fields.file]).toEqual([422, expect.stringMatching(/quot/i)])
  const [refused] = (await ask('GET', '/imports?kind=customers')).json.data
  expect(refused).toMatchObject({ state: 'refused', reason: { code: 'cutQuote' } })
  expect((await ask('POST', `/imports/${refused.id}/commit`)).status).toBe(409)
  expect(await app.db.selectFrom('customer').select('id').execute()).toEqual([])

  const whole = await hand(
    Buffer.concat([file.subarray(0, file.lastIndexOf('A-6')), bytes('A-6,Shop 6,,,f@shop.example\r\n')]),
  )
  expect(whole.status).toBe(201)
  expect(whole.json).toMatchObject({ state: 'uploaded', encoding: 'utf-8', delimiter: ',', fileName: 'shops.csv' })
  const { id, columns } = whole.json
  expect((await read(id, columns, 'XYZ')).json.error.fields.currency).toContain('ISO 4217')
  expect((await read(id, ['name', null, null, null, null])).json.error.fields.columns).toContain('number')
  expect((await ask('POST', `/imports/${id}/commit`)).status).toBe(409)
  expect((await read(id, columns)).status).toBe(200)
  expect((await ask('GET', `/imports/${whole.json.id}`)).json).toMatchObject({
    state: 'read',
    rows: 7,
    accepted: 3,
    rejected: 3,
    duplicates: 1,
  })
  const rows = (await ask('GET', `/imports/${whole.json.id}/rows`)).json.data
  expect(
    rows.map((row: { line: number; fate: string; reasons: { code: string }[] }) => [
      row.line,
      row.fate,
      row.reasons.map(({ code }) => code).join(),
    ]),
  ).toEqual([
    [4, 'rejected', 'moneyNegative'],
    [5, 'rejected', 'currency'],
    [6, 'rejected', expect.stringContaining('money')],
    [7, 'duplicate', 'duplicate'],
  ])
  const report = await ask('GET', `/imports/${whole.json.id}/report.csv?lang=zh-CN`)
  expect(report.text).toMatch(/^\uFEFF/)
  expect(report.text).toContain(`"'=1+1"`)
  expect(report.text).not.toMatch(/"=/)
  await ask('POST', `/imports/${whole.json.id}/commit`)
  await readAll(app)
  const numbers = await app.db.selectFrom('customer').select('externalId').orderBy('externalId').execute()
  expect(numbers.map(({ externalId }) => externalId)).toEqual(['=HYPERLINK("http://x")', 'A-1', 'A-6'])
  // Committed twice is once; the same file again says that it was taken in before.
  expect((await ask('POST', `/imports/${whole.json.id}/commit`)).status).toBe(409)

  const chinese = await hand(gb18030, 'kind=customers')
  expect(chinese.json).toMatchObject({ encoding: 'gb18030', columns: ['customer_id', 'name'] })
  await read(chinese.json.id, chinese.json.columns)
  await ask('POST', `/imports/${chinese.json.id}/commit`)
  await readAll(app)
  const tea = app.db.selectFrom('customer').select('name').where('externalId', '=', 'Z-9')
  expect(await tea.execute()).toEqual([{ name: '云和茶业' }])
})

story(
  'a file that is none, or breaks off, is refused in a sentence, and nothing of it counts',
  async ({ app, engine }) => {
    const incident = await ordersDown(app, await openServices(app))
    const ask = await askAs(app, 'coordination')
    const list = `kind=affected&incident=${incident.id}`
    for (const [query, file, status, code] of [
      [list, bytes(''), 422, 'invalid'],
      [list, Buffer.from('\uFEFFcustomer_id\nA-1\n', 'utf16le'), 422, 'invalid'],
      [list, Buffer.from('customer_id\nCafé,x\n', 'latin1'), 422, 'invalid'],
      [list, bytes('customer_id\nA\u0000-1\n'), 422, 'invalid'],
      [list, Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 6, 0), 422, 'invalid'],
      ['kind=affected', bytes('customer_id\nA-1\n'), 422, 'invalid'],
      ['kind=affected&incident=zzzzzzzzzzzz', bytes('customer_id\nA-1\n'), 404, 'not_found'],
      ['kind=people', bytes('customer_id\nA-1\n'), 422, 'invalid'],
    ] as const) {
      const { status: got, json } = await ask('POST', `/imports?${query}`, file)
      expect([query, got, json.error.code]).toEqual([query, status, code])
      expect(json.error.message).toMatch(/^[A-Z].*[.?]$/)
    }
    const spoken = await ask('POST', `/imports?${list}`, { rows: [] })
    expect([spoken.status, spoken.json.error.message]).toEqual([422, expect.stringContaining('text/csv')])
    expect((await (await askAs(app, 'finance'))('POST', `/imports?${list}`, bytes('customer_id\nA\n'))).status).toBe(
      403,
    )
    if (engine === 'sqlite') {
      // A line of 20 MB is looked at piece by piece, and is no row.
      const long = await ask('POST', `/imports?${list}`, bytes(`customer_id\nA-1\n${'x'.repeat(20_000_000)}\n`))
      await ask('POST', `/imports/${long.json.id}/columns`, { columns: ['customer_id'], currency: 'CNY' })
      await readAll(app)
      expect([long.status, long.json.error.fields.file]).toEqual([422, expect.stringContaining('line')])
    }

    // The sender's line goes down in the middle of the file.
    const routes = openRoutes(app)
    const server = serve({ fetch: routes.fetch, port: 0, hostname: '127.0.0.1' })
    try {
      await once(server, 'listening')
      const { port } = server.address() as { port: number }
      const { token } = await createToken(app, system, { name: 'cut', role: 'coordination' })
      const sent = request({
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: `/api/v1/imports?${list}`,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv', 'content-length': '1000' },
      })
      sent.on('error', () => {})
      sent.write('customer_id\nA-1\nA-2')
      const open = async () => {
        const { data } = (await ask('GET', `/imports?${list}&limit=50`)).json
        return data.find(({ state }: { state: string }) => state === 'uploading')
      }
      await expect.poll(open).toBeTruthy()
      const { id } = await open()
      sent.destroy()
      await expect.poll(async () => (await ask('GET', `/imports/${id}`)).json.reason?.code ?? null).toBe('brokeOff')
    } finally {
      server.close()
    }
    await readAll(app)
    for (const table of ['importPart', 'affectedCustomer', 'affectedList'] as const)
      expect(await app.db.selectFrom(table).selectAll().execute(), table).toEqual([])
  },
)
