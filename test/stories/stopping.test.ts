import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createToken } from '#api/accounts/actions.ts'
import { openApp } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { readConfig } from '#api/config.ts'
import { freePort } from '../support/postgres.ts'
import { bareEnvironment } from '../support/program.ts'
import { newRecord } from '../support/record.ts'
import { inMinutes, openServices } from '../support/services.ts'
import { subscribe } from '../support/telling.ts'
import { restart, workNow } from '../support/work.ts'
import { openResend, resendEnv, type WireResend } from '../wire/resend.ts'

let resend: WireResend
let drop: () => Promise<void>
beforeAll(async () => {
  resend = await openResend()
})
afterAll(async () => {
  await resend.close()
  await drop?.()
})

it('told to stop in mid sending, production settles the batch it has begun and ends; the next start tells the rest', async () => {
  const record = await newRecord('sqlite')
  drop = record.drop
  const port = await freePort()
  const env = {
    DATABASE_URL: record.url,
    DATA_DIR: record.dataDir,
    PORT: String(port),
    PUBLIC_URL: 'https://status.hezhou.example',
    SECRET_KEY: 'a-key-of-thirty-two-characters-that-protects-nothing',
    LOG_LEVEL: 'warn',
    ...resendEnv(resend),
    RESEND_REQUESTS_PER_SECOND: '1',
  }
  const app = openApp(readConfig(env, 'production'))
  const { payments } = await openServices(app)
  const { token } = await createToken(app, system, { name: 'test', role: 'comms' })
  await subscribe(
    app,
    Array.from({ length: 1_000 }, (_, i) => ({ address: `reader${i}@mail.example` })),
  )
  resend.slow(1_500)

  const child = spawn(process.execPath, ['api/main.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += text))
  const exit = once(child, 'exit')
  const ready = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  await expect.poll(ready, { timeout: 50_000 }).toBe(true)
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/incidents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      title: 'Payments fail.',
      severity: 1,
      status: 'investigating',
      components: [{ id: payments, status: 'major_outage' }],
      body: 'We are looking.',
      nextUpdateAt: inMinutes(app, 30),
    }),
  })
  expect(answer.status, printed).toBe(201)
  await expect.poll(() => resend.requests(), { timeout: 20_000 }).toBeGreaterThan(0)
  child.kill('SIGTERM')
  const [code] = await exit
  expect(code, printed).toBe(0)

  const states = await app.db
    .selectFrom('delivery')
    .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute()
  const count = (state: string) => Number(states.find((row) => row.state === state)?.count ?? 0)
  expect(count('sent')).toBe(resend.mails().length)
  expect(count('sent')).toBeGreaterThan(0)
  const open = await app.db.selectFrom('batch').select('id').where('state', '=', 'sending').execute()
  expect(open).toEqual([])
  // One JSON line per event, without an address or a token in it.
  for (const line of printed.split('\n').filter((line) => line.startsWith('{'))) JSON.parse(line)
  expect(printed).not.toMatch(/mail\.example|cndr_/)
  await app.close()

  // What was left is taken up by the next start, and nobody is told twice.
  resend.slow(0)
  const next = openApp(readConfig({ ...env, RESEND_REQUESTS_PER_SECOND: '1000' }, 'production'))
  await restart(next)
  const told = async () => {
    await workNow(next)
    return resend.mails().length
  }
  await expect.poll(told, { timeout: 20_000, interval: 200 }).toBe(1_000)
  expect(new Set(resend.mails().map(({ to }) => to)).size).toBe(1_000)
  await next.close()
})
