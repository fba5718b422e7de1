import { expect } from 'vitest'
import { offerCompensation } from '#api/compensation/offer-actions.ts'
import { addCustomer } from '#api/customers/actions.ts'
import { discardList, findAffected, nameAffected } from '#api/customers/affected-actions.ts'
import { commitImport, discardImport, nameColumns } from '#api/customers/import-actions.ts'
import { findImport } from '#api/customers/import-queries.ts'
import { importBytesMax } from '#api/customers/limits.ts'
import { findCustomer } from '#api/customers/queries.ts'
import { receiveFile } from '#api/customers/receive.ts'
import { exportReport } from '#api/customers/report.ts'
import type { Rule } from '#api/customers/rule.ts'
import { workOnImports } from '#api/customers/work.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { coupon } from '../support/customers.ts'
import { handIn, importer, readIn, reportOf } from '../support/importing.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { type Stage, story } from '../support/story.ts'

/** An evening on which orders fail, and three customers. */
async function setUp({ app }: Pick<Stage, 'app'>) {
  const services = await openServices(app)
  const { id: incidentId } = await openIncident(app, lin, {
    title: { en: 'Orders fail.' },
    severity: 1,
    status: 'investigating',
    components: [{ id: services.orders, status: 'major_outage' }],
    body: { en: 'We are looking.' },
    nextUpdateAt: inMinutes(app, 30),
    notify: false,
  })
  const customer = (externalId: string, plan: string, mail: string, components: string[]) =>
    addCustomer(app, lin, {
      externalId,
      name: `Shop ${externalId}`,
      plan,
      monthlyFeeMinor: 39900,
      currency: 'CNY',
      contacts: [{ channel: 'email', address: mail, name: null }],
      components,
    })
  return {
    ...services,
    incidentId,
    a: (await customer('A-1', 'Basic', 'a@shop.example', [services.orders])).id,
    b: (await customer('B-2', 'Pro', 'b@shop.example', [services.console])).id,
    c: (await customer('C-3', 'Pro', 'shared@shop.example', [services.orders, services.console])).id,
    d: (await customer('D-4', 'Basic', 'shared@shop.example', [])).id,
  }
}

const affectedOf = ({ app }: Pick<Stage, 'app'>, listId: string) =>
  app.db.selectFrom('affectedCustomer').selectAll().where('listId', '=', listId).orderBy('line').execute()
const lists = ({ app }: Pick<Stage, 'app'>) => app.db.selectFrom('affectedList').selectAll().execute()

story('each row of a list is used or named with its line, and it counts when a person says so', async (stage) => {
  const { app } = stage
  const { incidentId, a, b } = await setUp(stage)
  const file = [
    '客户编号;邮箱;影响分钟;退款金额',
    'A-1;;89;1.234,50',
    '"no\nsuch";;10;',
    ';B@shop.example;87;￥300.00',
    ';shared@shop.example;1;',
    'A-1;;60;',
    'A-1;;;5',
    '=cmd|A0;;1;2',
    'C-3;;-3;',
    'C-3;;3;-5.00',
    'C-3;;3;1.5.0',
    'C-3;;3',
    ';;3;1',
    '',
    'C-3;;3;1 USD;extra',
  ].join('\n')
  const read = await readIn(app, file, incidentId)
  expect(read).toMatchObject({
    state: 'read',
    delimiter: ';',
    encoding: 'utf-8',
    accepted: 2,
    duplicates: 2,
    unknown: 2,
  })
  expect(JSON.parse(read.reason!)).toMatchObject({ code: 'noLineEnd', line: 16 })
  expect(await reportOf(app, read.id)).toEqual([
    [3, 'unknown', 'unknownId'],
    [6, 'rejected', 'sharedAddress'],
    [7, 'duplicate', 'duplicateDiffers'],
    [8, 'duplicate', 'duplicateDiffers'],
    [9, 'unknown', 'unknownId'],
    [10, 'rejected', 'minutes'],
    [11, 'rejected', 'moneyNegative'],
    [12, 'rejected', 'money'],
    [13, 'rejected', 'fewer'],
    [14, 'rejected', 'noKey'],
    [16, 'rejected', 'more'],
  ])
  expect(await lists(stage)).toEqual([])
  // The report goes back into a spreadsheet: what would be a formula there is text.
  let report = ''
  for await (const piece of exportReport(app, read, 'zh-CN')) report += piece
  expect(report).toContain(`"9","unknown","","没有编号为 =cmd|A0 的客户。","'=cmd|A0","","1","2"`)

  await commitImport(app, importer, read.id)
  await expect(commitImport(app, importer, read.id)).rejects.toThrow('committed already')
  const [list] = await lists(stage)
  expect(list).toMatchObject({
    incidentId,
    source: 'csv',
    rows: 2,
    importId: read.id,
    hash: read.hash,
    discardedAt: null,
  })
  expect(await affectedOf(stage, list!.id)).toMatchObject([
    { customerId: a, minutes: 89, amountMinor: 123450, feeMinor: null, line: 2 },
    { customerId: b, minutes: 87, amountMinor: 30000, line: 5 },
  ])
  while (await workOnImports(app));
  expect(await app.db.selectFrom('importPart').select('number').execute()).toEqual([])
  expect(await affectedOf(stage, list!.id)).toHaveLength(2)

  // An offer that is in force chooses from it: the list stays. While the offer is a draft, it may go.
  const offer = await offerCompensation(app, lin, incidentId, coupon(list!.id))
  const stands = (state: 'live' | 'draft') =>
    app.db.updateTable('offer').set({ state }).where('id', '=', offer.id).execute()
  await stands('live')
  await expect(discardList(app, importer, list!.id)).rejects.toThrow('more than a draft chooses from this list')
  await stands('draft')
  await discardList(app, importer, list!.id)
  await expect(discardList(app, importer, list!.id)).rejects.toThrow('already')
  const again = await readIn(app, file, incidentId)
  expect(again).toMatchObject({ hash: read.hash, accepted: 2 })
})

story('a column is named by a person once, and known the next time', async (stage) => {
  const { app } = stage
  const { incidentId } = await setUp(stage)
  const file = 'Merchant code\tHow long\nA-1\t5\nB-2\t6\n'
  const first = await handIn(app, file, incidentId)
  expect(JSON.parse(first.mapping!)).toEqual([null, null])
  const named = { columns: ['customer_id', 'minutes'], currency: 'CNY' }
  await expect(nameColumns(app, importer, first.id, { ...named, columns: [null, 'minutes'] })).rejects.toThrow('number')
  await nameColumns(app, importer, first.id, { ...named, columns: ['customer_id', null] })
  while (await workOnImports(app));
  // Looked at, and named otherwise: it is read anew, and nothing of the first reading is left.
  await nameColumns(app, importer, first.id, named)
  while (await workOnImports(app));
  const read = (await findImport(app.db, first.id))!
  expect(read).toMatchObject({ state: 'read', accepted: 2, rows: 2, delimiter: '\t' })
  expect((await affectedOf(stage, read.listId!)).map(({ minutes }) => minutes)).toEqual([5, 6])
  const second = await handIn(app, file, incidentId)
  expect(JSON.parse(second.mapping!)).toEqual(['customer_id', 'minutes'])
  await discardImport(app, importer, read.id)
  while (await workOnImports(app));
  expect(await affectedOf(stage, read.listId!)).toEqual([])
})

const quote = 'customer_id\nA-1\n"B-2\nC-3\n'
const bad: [what: string, file: string | Uint8Array, code: string][] = [
  ['nothing', '', 'empty'],
  ['blank lines', '\n\n \n', 'empty'],
  ['headings alone', 'customer_id,minutes\n', 'headerOnly'],
  ['a spreadsheet called .csv', Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 6, 0), 'spreadsheet'],
  ['an old spreadsheet', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1), 'spreadsheet'],
  ['UTF-16', Buffer.from('\uFEFFcustomer_id\nA-1\n', 'utf16le'), 'utf16'],
  ['bytes of zero', 'customer_id\nA\u0000-1\n', 'nul'],
  ['a character cut in two', Buffer.from('customer_id\n客户').subarray(0, -1), 'cutCharacter'],
  ['Latin-1', Buffer.from('customer_id\nCafé,x\n', 'latin1'), 'encoding'],
  ['a quotation mark that is never closed', quote, 'cutQuote'],
]
const longLine = `customer_id\nA-1\n${'x'.repeat(20_000_000)}\n`

story('what is no table is refused with the reason, and nothing of it stays', async (stage) => {
  const { app, engine } = stage
  const { incidentId } = await setUp(stage)
  const large: typeof bad = engine === 'sqlite' ? [['a line of 20 MB', longLine, 'longLine']] : []
  for (const [what, file, code] of [...bad, ...large]) {
    const looked = await handIn(app, file, incidentId)
    // What shows only further on is found by reading.
    if (looked.state === 'uploaded') {
      await nameColumns(app, importer, looked.id, { columns: ['customer_id'], currency: 'CNY' })
      while (await workOnImports(app));
    }
    const { state, reason } = (await findImport(app.db, looked.id))!
    expect([what, state, JSON.parse(reason ?? '{}').code]).toEqual([what, 'refused', code])
    await expect(commitImport(app, importer, looked.id)).rejects.toThrow()
  }
  const broken = (async function* () {
    yield Buffer.from('customer_id\nA-1\n')
    throw new Error('reset')
  })()
  await expect(receiveFile(app, importer, { kind: 'affected', incidentId, fileName: 'x.csv' }, broken)).rejects.toThrow(
    'reset',
  )
  while (await workOnImports(app));
  for (const table of ['importPart', 'affectedCustomer', 'affectedList'] as const)
    expect(await app.db.selectFrom(table).selectAll().execute(), table).toEqual([])
  const last = await app.db.selectFrom('import').select('reason').where('reason', 'like', '%brokeOff%').execute()
  expect(last).toHaveLength(1)
})

story('a file of GB18030 is read as it was written, and one that is too large is not kept', async (stage) => {
  const { app, engine } = stage
  // "客户编号,名称\nZ-9,云和茶业\n" as Chinese Excel saves it.
  const gb = Uint8Array.from(Buffer.from('bfcdbba7b1e0bac52cc3fbb3c60a5a2d392cd4c6bacdb2e8d2b50a', 'hex'))
  const read = await readIn(app, gb)
  expect(read).toMatchObject({ encoding: 'gb18030', accepted: 1, unknown: 1, rejected: 0 })
  await commitImport(app, importer, read.id)
  while (await workOnImports(app));
  expect(await app.db.selectFrom('customer').select(['externalId', 'name']).execute()).toEqual([
    { externalId: 'Z-9', name: '云和茶业' },
  ])
  // What is large is the same on both engines.
  if (engine === 'postgres') return
  const piece = new Uint8Array(1024 * 1024).fill(97)
  const endless = (async function* () {
    for (let sent = 0; sent <= importBytesMax; sent += piece.length) yield piece
  })()
  const { finding } = await receiveFile(app, importer, { kind: 'customers', incidentId: null, fileName: 'x' }, endless)
  expect(finding).toEqual({ code: 'tooLarge', mb: 32 })
})

story(
  'customers are added and changed by their number; a blank cell and a missing column change nothing',
  async (stage) => {
    const { app } = stage
    const { a, orders, payments } = await setUp(stage)
    const file = [
      'customer_id,name,plan,key,monthly_fee,currency,language,email,phone,contact,components,account_manager',
      'A-1,,Pro,是,"1,299.00",,zh,new@shop.example; a@shop.example,13812345678,王芳,下单;Payments,',
      'N-5,New Shop,Enterprise,no,"9,800",CNY,en,n@shop.example,,,,韩雪',
      'N-5,,Enterprise,,,,,second@shop.example,,Li,,',
      'N-6,,Basic,maybe,1e3,XYZ,fr,not-an-address,12,,Telepathy,',
    ].join('\r\n')
    const before = (await findCustomer(app.db, a))!
    const read = await readIn(app, `${file}\r\n`)
    expect(read).toMatchObject({ state: 'read', reason: null, accepted: 2, unknown: 1, duplicates: 1, rejected: 1 })
    expect(await reportOf(app, read.id)).toEqual(
      [
        [4, 'duplicate', 'duplicate'],
        [5, 'rejected', 'address,address,component,flag,currency,language'.split(',').sort().join()],
      ].map(([line, fate, codes]) => [line, fate, line === 5 ? expect.stringContaining('component') : codes]),
    )
    await commitImport(app, importer, read.id)
    while (await workOnImports(app));
    const after = (await findCustomer(app.db, a))!
    expect(after).toMatchObject({ name: before.name, plan: 'Pro', key: true, monthlyFeeMinor: 129900, locale: 'zh-CN' })
    expect(after.contacts.map(({ address }) => address)).toEqual([
      'a@shop.example',
      'new@shop.example',
      '+8613812345678',
    ])
    expect(new Set(after.components)).toEqual(new Set([orders, payments]))
    const fresh = await app.db
      .selectFrom('customer')
      .selectAll()
      .where('externalId', '=', 'N-5')
      .executeTakeFirstOrThrow()
    expect(fresh).toMatchObject({ name: 'New Shop', accountManager: '韩雪', monthlyFeeMinor: 980000, locale: 'en' })
    expect((await findCustomer(app.db, fresh.id))!.contacts).toHaveLength(2)
    const audit = await app.db
      .selectFrom('audit')
      .select(['action', 'actorId', 'before'])
      .where('action', '=', 'customers.imported')
      .execute()
    expect(audit).toMatchObject([{ actorId: importer.id }])
    expect(JSON.parse(audit[0]!.before!)).toMatchObject([{ id: a, plan: 'Basic' }])
  },
)

story('whoever uses what failed is found in the registry, and the list says how it is known', async (stage) => {
  const { app } = stage
  const { incidentId, orders, console, a, c } = await setUp(stage)
  const rule: Rule = { components: [orders], plans: [], regions: [], segments: [] }
  const find = (change: Partial<Rule>) =>
    findAffected(app, importer, incidentId, { description: 'Uses orders', rule: { ...rule, ...change } })
  await expect(find({ components: [console] })).rejects.toThrow('never touched')
  await expect(find({ components: [] })).rejects.toThrow('every customer')
  const { id } = await find({})
  while (await workOnImports(app));
  expect(await findImport(app.db, id)).toMatchObject({ state: 'read', accepted: 2 })
  await commitImport(app, importer, id)
  const narrow = await find({ plans: ['Pro'] })
  while (await workOnImports(app));
  await commitImport(app, importer, narrow.id)
  const byPlan = await find({ components: [], plans: ['Pro'] })
  while (await workOnImports(app));
  await commitImport(app, importer, byPlan.id)
  const named = await nameAffected(app, importer, incidentId, {
    description: 'Billing',
    customers: [{ email: 'A@shop.example', minutes: 5, feeMinor: null, amountMinor: 100 }],
  })
  const who = async (listId: string) => (await affectedOf(stage, listId)).map(({ customerId }) => customerId)
  const made = await lists(stage)
  const of = (importId: string) => made.find((list) => list.importId === importId)!
  expect(of(id)).toMatchObject({ source: 'component', rows: 2 })
  expect(new Set(await who(of(id).id))).toEqual(new Set([a, c]))
  expect(await who(of(narrow.id).id)).toEqual([c])
  expect(of(byPlan.id)).toMatchObject({ source: 'rule', rows: 2 })
  expect(made.find((list) => list.id === named.id)).toMatchObject({ source: 'api', rows: 1 })
  const nobody = { minutes: null, feeMinor: null, amountMinor: null }
  await expect(
    nameAffected(app, importer, incidentId, {
      description: '',
      customers: [
        { customerId: 'A-1', ...nobody },
        { customerId: 'A-1', ...nobody },
        { email: 'shared@shop.example', ...nobody },
      ],
    }),
  ).rejects.toMatchObject({
    fields: { 'customers.1.customerId': expect.anything(), 'customers.2.email': expect.anything() },
  })
})
