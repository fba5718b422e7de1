import { connect, createServer, type Server } from 'node:net'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { App } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { type Program, recordBehind, recordSilent, startProgram } from '#api/program.ts'
import { freePort } from '../support/postgres.ts'
import { newRecord } from '../support/record.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'

// Two front doors, each with its own folder and its own publisher's thread, on one PostgreSQL.

let record: Awaited<ReturnType<typeof newRecord>>
let services: Awaited<ReturnType<typeof openServices>>
let one: Program
let other: Program
/** The thread that draws for the first front door. */
let drawing: Worker
let through: Server

async function settings(folder: string, url = record.url) {
  const port = await freePort()
  return readConfig(
    {
      DATABASE_URL: url,
      DATA_DIR: `${record.dataDir}/${folder}`,
      LOG_LEVEL: 'silent',
      PORT: String(port),
      PUBLIC_URL: 'https://status.hezhou.example',
    },
    'test',
  )
}
const parts = { build: false, roles: { web: true, worker: false } }

beforeAll(async () => {
  record = await newRecord('postgres')
  process.once('worker', (worker) => {
    drawing = worker
  })
  one = await startProgram(await settings('one'), {
    ...parts,
    prepare: async (app) => {
      services = await openServices(app)
    },
  })
  other = await startProgram(await settings('other'), parts)
})
afterAll(async () => {
  await Promise.all([one?.stop(), other?.stop()])
  through?.close()
  await record?.drop()
})

const within = { timeout: 30_000, interval: 50 }
const text = async (address: string, path = '/') => (await fetch(address + path)).text()
const ready = async (address: string) => (await fetch(`${address}/readyz`)).json()
const publish = (app: App, title: string) =>
  openIncident(app, lin, {
    title: { en: title, 'zh-CN': '有一件事。' },
    severity: 1,
    status: 'investigating',
    components: [{ id: services.orders, status: 'major_outage' }],
    body: { en: 'We are looking.', 'zh-CN': '正在排查。' },
    nextUpdateAt: inMinutes(app, 30),
    notify: false,
  })

it('what one front door publishes the other shows too', async () => {
  const { id } = await publish(one.app, 'Orders fail.')
  for (const { address } of [one, other]) {
    await expect.poll(() => text(address), within).toContain('Orders fail.')
    await expect.poll(() => text(address, `/incidents/${id}/`), within).toContain('We are looking.')
  }
})

it('a thread that breaks is started again and draws what was published meanwhile', async () => {
  await drawing.terminate()
  expect(one.app.health.undrawn).toMatchObject({ first: true, reason: expect.stringContaining('broke') })
  await publish(one.app, 'Search is slow.')
  await expect.poll(() => text(one.address), within).toContain('Search is slow.')
  await one.publisher.publishAll()
  expect(one.app.health.undrawn).toBeNull()
})

it('a record that is set back while the program runs stops writing, and no more when it is put right', async () => {
  const { value } = await one.app.db
    .selectFrom('meta')
    .select('value')
    .where('key', '=', 'revision')
    .executeTakeFirstOrThrow()
  const set = (to: string) => one.app.db.updateTable('meta').set({ value: to }).where('key', '=', 'revision').execute()
  await expect.poll(() => other.publisher.state).toBe('fine')
  await set('0')
  await expect.poll(() => ready(one.address), within).toEqual({ ok: false, why: recordBehind })
  expect(await text(one.address)).toContain('Search is slow.')
  await set(value)
  await expect.poll(() => ready(one.address), within).toEqual({ ok: true, why: null })
})

it('started while its database is away it serves what was published, says why, and goes on when it is back', async () => {
  await other.stop()
  const database = new URL(record.url)
  const door = await freePort()
  const config = await settings('other', record.url.replace(`:${database.port}/`, `:${door}/`))
  const address = `http://127.0.0.1:${config.port}`
  const said: string[] = []
  const starting = startProgram(config, { ...parts, say: (line) => said.push(line) })
  const silent = () => ready(address).catch(() => null)
  await expect.poll(silent, within).toEqual({ ok: false, why: recordSilent })
  expect(said.join()).toContain(recordSilent)
  expect(await text(address)).toContain('Search is slow.')
  expect((await fetch(`${address}/api/v1/status`)).status).toBe(503)

  through = createServer((near) => {
    const far = connect(Number(database.port), database.hostname)
    near.on('error', () => far.destroy()).pipe(far)
    far.on('error', () => near.destroy()).pipe(near)
  }).listen(door, '127.0.0.1')
  other = await starting
  expect(await ready(address)).toEqual({ ok: true, why: null })
  await publish(one.app, 'Refunds are late.')
  await expect.poll(() => text(address), within).toContain('Refunds are late.')
})
