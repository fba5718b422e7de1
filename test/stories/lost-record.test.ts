import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { system } from '#api/audit/audit.ts'
import { readConfig } from '#api/config.ts'
import { recordBehind, recordLost, startProgram } from '#api/program.ts'
import { freePort } from '../support/postgres.ts'
import { newRecord } from '../support/record.ts'
import { openServices } from '../support/services.ts'
import { ordersDown } from '../support/telling.ts'

it('with its database locked, full or gone the page goes on, nothing is written into nothing, and a restart publishes over nothing', async () => {
  const { url, dataDir, drop } = await newRecord('sqlite')
  const config = readConfig(
    { DATABASE_URL: url, DATA_DIR: dataDir, PORT: String(await freePort()), LOG_LEVEL: 'silent' },
    'test',
  )
  let services: Awaited<ReturnType<typeof openServices>> | undefined
  const first = await startProgram(config, {
    build: false,
    prepare: async (app) => {
      services = await openServices(app)
      await ordersDown(app, services)
    },
  })
  const { token } = await createToken(first.app, system, { name: 'test', role: 'comms' })
  const get = async (address: string, path: string) => {
    const response = await fetch(address + path)
    return { status: response.status, text: await response.text() }
  }
  const post = async (address: string, body = 'We are looking.') => {
    const response = await fetch(`${address}/api/v1/incidents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        title: 'Search is slow.',
        severity: 2,
        status: 'investigating',
        components: [{ id: services!.console, status: 'degraded_performance' }],
        body,
        nextUpdateAt: new Date(Date.now() + 3_600_000).toISOString(),
      }),
    })
    return { status: response.status, body: await response.json() }
  }
  const page = await get(first.address, '/')
  expect(page).toMatchObject({ status: 200 })
  expect((await get(first.address, '/readyz')).status).toBe(200)

  const revision = join(dataDir, 'published/revision.json')
  await expect.poll(() => existsSync(revision), { timeout: 10_000 }).toBe(true)
  const incidents = () => first.app.db.selectFrom('incident').select('id').execute()
  const before = await incidents()
  // Another program holds the file for longer than a publish waits.
  const other = new Sqlite(join(dataDir, 'candor.db'))
  other.exec('begin exclusive')
  const locked = expect.stringContaining('The database is locked by another program.')
  const ready = async () => JSON.parse((await get(first.address, '/readyz')).text)
  const [, held] = await Promise.all([
    expect.poll(ready, { timeout: 15_000 }).toEqual({ ok: false, why: locked }),
    post(first.address),
  ])
  expect(held).toMatchObject({ status: 503, body: { error: { code: 'unavailable', message: locked } } })
  expect((await get(first.address, '/')).text).toBe(page.text)
  other.exec('rollback')
  other.close()
  await expect.poll(async () => (await get(first.address, '/readyz')).status, { timeout: 10_000 }).toBe(200)

  // The file may not grow, as on a full disk: the engine itself says so.
  await sql`pragma max_page_count = 1`.execute(first.app.db)
  expect(await post(first.address, 'We are looking. '.repeat(400))).toMatchObject({
    status: 503,
    body: { error: { code: 'unavailable', message: expect.stringContaining('disk that holds the database is full') } },
  })
  expect((await get(first.address, '/')).text).toBe(page.text)
  await sql`pragma max_page_count = 1000000`.execute(first.app.db)
  expect(await incidents(), 'nothing half').toEqual(before)

  for (const file of readdirSync(dataDir)) if (file.startsWith('candor.db')) rmSync(join(dataDir, file))
  await expect.poll(async () => (await get(first.address, '/readyz')).status, { timeout: 10_000 }).toBe(503)
  expect(JSON.parse((await get(first.address, '/readyz')).text)).toEqual({ ok: false, why: recordLost })
  const refused = await post(first.address)
  expect(refused).toEqual({ status: 503, body: { error: { code: 'unavailable', message: recordLost } } })
  for (const path of ['/', '/zh-CN/', '/history/', '/history.rss'])
    expect((await get(first.address, path)).status, path).toBe(200)
  expect((await get(first.address, '/')).text).toBe(page.text)
  await first.stop()

  const shown = readFileSync(revision, 'utf8')
  const second = await startProgram({ ...config, port: await freePort() }, { build: false })
  expect((await get(second.address, '/')).text).toBe(page.text)
  expect(JSON.parse((await get(second.address, '/readyz')).text)).toEqual({ ok: false, why: recordBehind })
  expect(second.publisher.state).toBe('record-behind')
  expect(readFileSync(revision, 'utf8')).toBe(shown)
  await second.stop()

  // The other way on: the record as it is becomes the page, because a person said so.
  const third = await startProgram({ ...config, port: await freePort() }, { build: false })
  await third.publisher.publishAll({ startOver: true })
  expect(third.publisher.state).toBe('fine')
  expect((await get(third.address, '/')).text).not.toBe(page.text)
  await third.stop()
  await drop()
})
