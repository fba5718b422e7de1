import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type App, openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import type { ManualClock } from '#api/lib/clock.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { capPerHour } from '#api/notices/cap.ts'
import { type CrashPoint, crashPoints, type LedgerPoint } from '#api/notices/crash.ts'
import { holdEverything } from '#api/notices/heartbeat.ts'
import { endNotice, releaseNotice } from '#api/notices/held.ts'
import { foldReceipts } from '#api/notices/receipts.ts'
import { planOnce } from '#api/notices/work.ts'
import { engines } from '../support/record.ts'
import { openStage, type Stage } from '../support/story.ts'
import { lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { restart, workFor, workNow } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import { openSmtp, smtpEnv } from '../wire/smtp.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

// A worker that dies at each labelled commit point: whoever goes on from the record misses nobody and tells nobody
// twice. That it really dies there by kill -9 is told in test/torture; here nothing of it leads any further.

const resend = await openResend()
const smtp = await openSmtp()
const twilio = await openTwilio()
afterAll(() => Promise.all([resend.close(), smtp.close(), twilio.close()]))
beforeEach(() => {
  resend.batches.length = smtp.mails.length = twilio.sent.length = 0
  for (const wire of [resend, smtp, twilio]) wire.heal()
})

const mails = ['wang@mail.example', 'smith@mail.example', 'li@mail.example']
const numbers = ['+8613900000001', '+8613900000002']

class Killed extends Error {}

/** An app of which, once it has come to this point, no statement reaches the record any more. */
function mortal({ env, clock }: Stage, point: CrashPoint) {
  const app = openApp(readConfig({ ...env, CRASH_AT: point }, 'test'), { clock })
  const { db } = app
  let dead = false
  Object.defineProperty(app, 'db', {
    get() {
      if (dead) throw new Killed()
      return db
    },
  })
  const die = () => {
    dead = true
    throw new Killed()
  }
  return { app, die, died: () => dead, close: () => db.destroy() }
}

type Services = Awaited<ReturnType<typeof openServices>>
type Scene = (app: App, clock: ManualClock, services: Services) => Promise<void>

const undelivered = async (app: App) => {
  const channel = app.channels.find(({ name }) => name === 'sms')!
  const request = twilio.callback(twilio.sent[0]!, 'undelivered', { ErrorCode: '30003' })
  await foldReceipts(app, channel, await channel.callback!.read({ method: 'POST', ...request }))
}
const theNotice = async (app: App) =>
  (await app.db.selectFrom('notice').select('id').orderBy('createdAt', 'desc').executeTakeFirstOrThrow()).id

/** Everybody is told of one incident; the first answers are trouble. */
const tellAll: Scene = async (app, clock, services) => {
  resend.failNext(1, 500)
  await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
}
const newerWord: Scene = async (app, clock, services) => {
  const { id } = await ordersDown(app, services)
  await workNow(app)
  for (const text of ['We found the cause.', 'A fix is being rolled out.']) {
    const nextUpdateAt = new Date(Date.parse(app.now()) + hourMs).toISOString()
    await publishUpdate(app, lin, id, { status: 'identified', body: words(text, '原因已定位。'), nextUpdateAt })
  }
  await workFor(app, clock, minuteMs)
}
const tooMany: Scene = async (app, clock, services) => {
  for (let i = 0; i <= capPerHour.email!; i++) {
    await ordersDown(app, services)
    await workFor(app, clock, secondMs)
  }
  await workFor(app, clock, hourMs)
}
const quota = { status: 429, body: { statusCode: 429, name: 'daily_quota_exceeded', message: 'Enough for today.' } }
const otherProvider: Scene = async (app, clock, services) => {
  resend.failNext(1, quota)
  await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
}
const phoneOff: Scene = async (app, clock, services) => {
  await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  await undelivered(app)
  await workFor(app, clock, 10 * minuteMs)
}
const lostAnswer: Scene = async (app, clock, services) => {
  twilio.failNext(1, 'reset-after-accept')
  await ordersDown(app, services)
  await workFor(app, clock, hourMs)
}
const held: Scene = async (app, clock, services) => {
  await ordersDown(app, services)
  while (await planOnce(app));
  await holdEverything(app, lin)
  await workFor(app, clock, minuteMs)
  await releaseNotice(app, lin, await theNotice(app))
}
const ended: Scene = async (app, _clock, services) => {
  await ordersDown(app, services)
  await holdEverything(app, lin)
  await endNotice(app, lin, await theNotice(app))
}

/** What leads to each point. A point without a scene does not compile, and one that its scene does not come to fails. */
const scenes: Record<LedgerPoint, Scene> = {
  'after-take': tellAll,
  'mid-expand': tellAll,
  'after-expand': tellAll,
  'after-freeze': tellAll,
  'after-close': tellAll,
  'after-attempt': tellAll,
  'after-accept': tellAll,
  'after-settle': tellAll,
  'after-retry': tellAll,
  // What the one that dies at `after-attempt` was sending is taken over by one that dies as well.
  'after-takeover': tellAll,
  'after-supersede': newerWord,
  'after-fold': tooMany,
  'after-hand-over': otherProvider,
  'after-receipt': phoneOff,
  'after-again': phoneOff,
  'after-look': lostAnswer,
  'after-hold': held,
  'after-release': held,
  'after-end': ended,
}

/** Lives until the point. */
async function dieAt(stage: Stage, point: CrashPoint, live: (app: App) => Promise<void>): Promise<void> {
  const { app, die, died, close } = mortal(stage, point)
  const kill = vi.spyOn(process, 'kill').mockImplementation(die)
  try {
    await live(app).catch((error: unknown) => {
      if (!died()) throw error
    })
    expect(died(), `nothing came to ${point}`).toBe(true)
  } finally {
    kill.mockRestore()
    await close()
  }
}

/** How often each delivery arrived, by the providers' own memory. */
function arrivals(): Map<string, number> {
  const ids = [
    ...resend.mails().map(({ tags }) => tags.find(({ name }) => name === 'delivery')!.value),
    ...smtp.mails.map(({ headers }) => /<([a-z0-9]{12})@/.exec(headers['message-id'] ?? '')![1]!),
    ...twilio.sent.map(({ statusCallback }) => new URL(statusCallback).searchParams.get('d')!.split('.')[0]!),
  ]
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

describe.each(engines)('%s', (engine) => {
  it.each(crashPoints.map((point) => [point] as const))('%s', async (point) => {
    const stage = await openStage(engine, { ...smtpEnv(smtp), ...resendEnv(resend), ...twilioEnv(twilio) })
    const { app, clock } = stage
    twilio.now = () => new Date(clock.now())
    try {
      const services = await openServices(app)
      await subscribe(app, [
        // Follows one service, and so hears what is said in between.
        ...mails.map((address, i) => ({ address, ...(i ? {} : { components: [services.orders] }) })),
        ...numbers.map((address) => ({ channel: 'sms' as const, address })),
      ])
      const scene = scenes[point]
      const first = point === 'after-takeover' ? 'after-attempt' : point
      await dieAt(stage, first, (mine) => scene(mine, clock, services))
      if (point !== first)
        await dieAt(stage, point, async (mine) => {
          await restart(mine)
          await workFor(mine, clock, minuteMs)
        })
      await restart(app)
      for (const { id } of await app.db.selectFrom('notice').select('id').where('heldAt', 'is not', null).execute())
        await releaseNotice(app, lin, id)
      // What is folded into one message is due at a step of the clock, which nobody is told beforehand.
      for (let step = 0; step < 12; step++) await workFor(app, clock, 10 * minuteMs)

      const rows = await app.db
        .selectFrom('delivery')
        .innerJoin('notice', 'notice.id', 'delivery.noticeId')
        .select(['delivery.id', 'delivery.channel', 'delivery.state', 'delivery.reason', 'delivery.resends'])
        .select(['delivery.address', 'delivery.noticeId', 'notice.audience', 'notice.kind', 'notice.endedAt'])
        .execute()
      const notices = await app.db.selectFrom('notice').select(['id', 'kind', 'frozenAt']).execute()
      expect(notices.length).toBeGreaterThan(0)
      expect(notices.filter(({ frozenAt }) => !frozenAt)).toEqual([])
      for (const { id, kind } of notices.filter(({ kind }) => kind === 'incident.opened'))
        expect(
          rows
            .filter((row) => row.noticeId === id)
            .map(({ address }) => address)
            .sort(),
          kind,
        ).toEqual([...mails, ...numbers].sort())
      const arrived = arrivals()
      const out = ['sent', 'delivered', 'delayed']
      const silent = ['superseded', ...(point === 'after-end' ? ['skipped'] : [])]
      for (const { id, state, reason, resends } of rows) {
        expect([...out, ...silent], `${state}: ${reason}`).toContain(state)
        expect(arrived.get(id) ?? 0, `${state}: ${reason}`).toBe(out.includes(state) ? 1 + resends : 0)
      }
      expect([...arrived.keys()].filter((id) => !rows.some((row) => row.id === id))).toEqual([])
      expect(await app.db.selectFrom('attempt').select('id').where('endedAt', 'is', null).execute()).toEqual([])
      if (point === 'after-end') expect(arrived.size).toBe(0)
    } finally {
      await stage.close()
    }
  })
})
