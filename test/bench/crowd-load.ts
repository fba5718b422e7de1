import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createToken } from '#api/accounts/actions.ts'
import { openApp } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { readConfig } from '#api/config.ts'
import { migrate } from '#api/db/connect.ts'
import { freePort } from '../support/postgres.ts'
import { type Running, startRunning } from '../support/program.ts'
import type { Engine } from '../support/record.ts'
import { insertCrowd, openCompany } from './crowd.ts'
import { type Figures, percentile } from './figures.ts'
import { startDurable, startProvider, until } from './ledger.ts'
import { openClient, probing } from './load.ts'

/** Updates published while the first word goes out to everybody. */
const updates = 200
/** Mail requests a second: twice what a customer with a raised limit has. */
const requestsPerSecond = 20

/** The production program on a record with so many subscribers: what a publish takes, and a reader waits, while all are told. */
export async function measureCrowd(
  people: number,
  say: (line: string) => void,
  engines: readonly Engine[],
): Promise<Figures> {
  let figures: Figures = {}
  for (const engine of engines) figures = { ...figures, ...(await measureEngine(engine, people, say)) }
  return figures
}

async function measureEngine(engine: Engine, people: number, say: (line: string) => void): Promise<Figures> {
  const server = engine === 'postgres' ? await startDurable() : null
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-million-'))
  const provider = await startProvider([])
  const env = {
    DATA_DIR: dataDir,
    ...(server ? { DATABASE_URL: server.url('postgres') } : {}),
    PUBLIC_URL: 'https://status.hezhou.example',
    SECRET_KEY: 'measured-with-a-key-that-protects-nothing',
    LOG_LEVEL: 'warn',
    EMAIL_FROM: 'Hezhou status <status@hezhou.example>',
    RESEND_API_KEY: 're_bench',
    RESEND_BASE_URL: provider.url,
    RESEND_REQUESTS_PER_SECOND: String(requestsPerSecond),
  }
  let program: Running | undefined
  try {
    say(`${engine}: filling a record with ${people.toLocaleString('en')} subscribers …`)
    const app = openApp(readConfig(env, 'production'))
    await migrate(app.db)
    const components = await openCompany(app)
    await insertCrowd(app, people)
    const { token } = await createToken(app, system, { name: 'bench', role: 'owner' })
    await app.close()
    program = await startRunning(['api/main.ts'], env, await freePort())
    const client = openClient(program.address, { token, components })
    say(`${engine}: publishing while all of them are told …`)
    const waits: number[] = []
    const timed = async <T>(work: Promise<T>): Promise<T> => {
      const since = performance.now()
      const done = await work
      waits.push(performance.now() - since)
      return done
    }
    const nextUpdateAt = new Date(Date.now() + 3_600_000).toISOString()
    const body = { en: 'Orders fail. We are investigating.', 'zh-CN': '下单失败，正在排查。' }
    const seen = await probing(program.address, async () => {
      const title = { en: 'Some merchants cannot place orders.', 'zh-CN': '部分商家无法下单。' }
      const affected = [{ id: components.orders, status: 'major_outage' }]
      const opening = { title, severity: 1, status: 'investigating', components: affected, body, nextUpdateAt }
      const { id } = await timed(client.post('/incidents', opening))
      for (let i = 0; i < updates; i++)
        await timed(client.post(`/incidents/${id}/updates`, { status: 'identified', body, nextUpdateAt }))
      await until(async () => (await provider.seen()).mails > 0)
    })
    const count = people.toLocaleString('en')
    say(`${engine}: done`)
    return {
      [`publish with ${count} subscribers, p50 of the request, ${engine}`]: {
        value: percentile(waits, 0.5),
        unit: 'ms',
        reach: null,
      },
      [`publish with ${count} subscribers, p99 of the request, ${engine}`]: {
        value: percentile(waits, 0.99),
        unit: 'ms',
        reach: 100,
      },
      [`home page, p99, while ${count} are told, ${engine}`]: { value: seen.p99, unit: 'ms', reach: 50 },
    }
  } finally {
    await program?.stop()
    provider.stop()
    await server?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
