import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { importCodes } from '#api/compensation/code-actions.ts'
import { offerCompensation } from '#api/compensation/offer-actions.ts'
import { verifyOffers } from '#api/compensation/verify.ts'
import { childEnvironment } from '#api/config.ts'
import { realClock } from '#api/lib/clock.ts'
import { minuteMs } from '#api/lib/time.ts'
import type { CrashPoint } from '#api/notices/crash.ts'
import { addCustomers, coupon, gao, openOffer } from '../support/customers.ts'
import { type Engine, engines } from '../support/record.ts'
import { openStage } from '../support/story.ts'
import { lin, openServices, ordersDown } from '../support/telling.ts'
import { restart, workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openWebhook } from '../wire/webhook.ts'

// A worker that is ended by kill -9 while it writes claims down, gives codes, tells customers and billing.

const resend = await openResend()
const billing = await openWebhook()
afterAll(() => Promise.all([resend.close(), billing.close()]))
const customers = 400
/** One after the other on one record: while codes are given, while customers are told, and while billing is. */
const points: CrashPoint[] = ['mid-prepare', 'after-freeze', 'after-bill']

/** A worker of its own that is killed at this point. */
async function cutAt(env: Record<string, string>, point: CrashPoint): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/worker-child.ts')], {
    env: childEnvironment({ ...env, CRASH_AT: point }),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [, signal] = await once(child, 'exit')
  expect(signal, point).toBe('SIGKILL')
}

/** An offer that comes by itself, with codes of another system; each worker is killed, and the next goes on. */
async function cutAndGoOn(engine: Engine): Promise<void> {
  const stage = await openStage(engine, {
    ...resendEnv(resend),
    OUTGOING_LOCAL: 'yes',
    BILLING_WEBHOOK_URL: billing.endpoint(`/${engine}`),
    BILLING_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  })
  const { app, clock, env } = stage
  try {
    clock.set(realClock.now())
    const incident = await ordersDown(app, await openServices(app))
    const people = Array.from({ length: customers }, (_, at) => ({ email: `${engine}-${at}@mail.example` }))
    await addCustomers(app, people)
    const soon = { claimFrom: '2026-01-01T00:00:00.000Z', claimUntil: '2099-12-31T00:00:00.000Z', useWithinDays: null }
    const offer = await offerCompensation(app, lin, incident.id, coupon(null, { ...soon, delivery: 'automatic' }))
    const given = Array.from({ length: customers }, (_, at) => `${engine}-${at}`)
    await importCodes(app, gao, offer.id, given.join('\n'))
    await openOffer(app, offer.id)
    for (const point of points) await cutAt(env, point)
    const half = await verifyOffers(app)
    expect(half, 'also while it is under way').toMatchObject({ offers: 1, differences: [] })
    clock.set(realClock.now())
    await restart(app)
    await workFor(app, clock, 5 * minuteMs)
    expect(await verifyOffers(app)).toEqual({ offers: 1, claims: customers, differences: [] })
    const codes = await app.db.selectFrom('redemptionCode').select(['state', 'claimId']).execute()
    expect(new Set(codes.map(({ state, claimId }) => `${state} ${claimId}`)).size).toBe(customers)
    expect(codes.filter(({ state }) => state === 'assigned')).toHaveLength(customers)
    const exports = await app.db.selectFrom('billingExport').select('state').execute()
    expect(exports.filter(({ state }) => state === 'sent')).toHaveLength(customers)
    // The same key always bears the same bytes, so that whoever hears it twice gives once.
    const heard = billing.attempts(`/${engine}`)
    expect(new Set(heard.map(({ id }) => id)).size).toBe(customers)
    expect(new Set(heard.map(({ id, body }) => `${id} ${body}`)).size).toBe(customers)
    const told = resend.mails().filter(({ to }) => to.startsWith(`${engine}-`))
    expect(new Set(told.map(({ to }) => to)).size).toBe(customers)
    expect(told).toHaveLength(customers)
  } finally {
    await stage.close()
  }
}

it.each(engines)(
  'killed while it gives and tells, it goes on with nobody twice and nobody missed: %s',
  {
    timeout: 180_000,
  },
  cutAndGoOn,
)
