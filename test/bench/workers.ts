import type { PostgresServer } from '../support/postgres.ts'
import type { Figures } from './figures.ts'
import { openScene, startDurable, startProvider, startWorker, until } from './ledger.ts'

/** A provider that is to be asked five times a second, and takes 150 ms for each answer. */
const slow = { people: 10_000, perSecond: 5, delayMs: 150 }

/** U1 to 10,000 people by a provider that refuses whoever asks it too often. */
export async function measurePace(say: (line: string) => void): Promise<Figures> {
  say('Handing 10,000 mails to a provider that takes five requests a second …')
  const { people, perSecond, delayMs } = slow
  const scene = await openScene(null, people)
  const provider = await startProvider(['--rate', String(perSecond), '--delay', String(delayMs)])
  const worker = startWorker(scene.env, perSecond, provider.url)
  try {
    await until(async () => (await provider.seen()).mails >= people)
    const { firstAt, lastAt, refused } = await provider.seen()
    return {
      '10,000 mails at 5 requests a second': {
        value: lastAt - firstAt + delayMs,
        unit: 'ms',
        reach: 1.05 * (people / 100 / perSecond) * 1_000,
      },
      'requests refused meanwhile': { value: refused, unit: 'requests', reach: 0 },
    }
  } finally {
    await worker.stop()
    provider.stop()
    await scene.close()
  }
}

/** A provider so slow that workers wait for it and not for this machine: each has four requests on their way. */
const waitingMs = 1_000
const sharedBy = [1, 2, 4] as const
const shared = 8_000

/** One, two and four workers on PostgreSQL: whether they add up, and what is lost or doubled when one is killed. */
export async function measureSharing(say: (line: string) => void): Promise<Figures> {
  const server = await startDurable()
  try {
    const rates = new Map<number, number>()
    for (const workers of sharedBy) {
      say(`postgres: ${workers} at work …`)
      rates.set(workers, (await share(server, workers, shared, false)).perSecond)
    }
    say('postgres: two at work, one killed …')
    const { mails } = await share(server, 2, shared / 2, true)
    const times = (workers: number) => (rates.get(workers) ?? 0) / (rates.get(1) ?? Number.NaN)
    return {
      'two workers on PostgreSQL, of the rate of one': { value: times(2), unit: '×', reach: 1.8, more: true },
      'four workers on PostgreSQL, of the rate of one': { value: times(4), unit: '×', reach: 3.4, more: true },
      'mails lost or doubled when one of two is killed': {
        value: Math.abs(mails - shared / 2),
        unit: 'mails',
        reach: 0,
      },
    }
  } finally {
    await server.stop()
  }
}

async function share(server: PostgresServer, workers: number, people: number, kill: boolean) {
  const scene = await openScene(server, people)
  const provider = await startProvider(['--delay', String(waitingMs)])
  const crew = Array.from({ length: workers }, () => startWorker(scene.env, 1_000, provider.url))
  try {
    if (kill) {
      await until(async () => (await provider.seen()).mails >= people / 2)
      await crew[0]!.kill()
    }
    await until(async () => (await provider.seen()).mails >= people)
    const open = async () =>
      scene.app.db.selectFrom('delivery').select('id').where('state', '<>', 'sent').limit(1).executeTakeFirst()
    await until(async () => (await open()) === undefined)
    const { firstAt, lastAt, mails } = await provider.seen()
    return { mails, perSecond: mails / ((lastAt - firstAt) / 1_000) }
  } finally {
    await Promise.all(crew.map((worker) => worker.stop()))
    provider.stop()
    await scene.close()
  }
}

/** How long a worker that starts after another was killed takes until what that one was sending is out, on both engines. */
export async function measureResume(say: (line: string) => void): Promise<Figures> {
  const server = await startDurable()
  try {
    return { ...(await resume('sqlite', null, say)), ...(await resume('postgres', server, say)) }
  } finally {
    await server.stop()
  }
}

async function resume(engine: string, server: PostgresServer | null, say: (line: string) => void): Promise<Figures> {
  say(`${engine}: killing a worker in mid fan-out …`)
  const scene = await openScene(server, 3_000)
  const provider = await startProvider(['--delay', String(waitingMs)])
  const first = startWorker(scene.env, 1_000, provider.url)
  const { db } = scene.app
  const sending = async () => db.selectFrom('batch').select('id').where('state', '=', 'sending').execute()
  try {
    await until(async () => (await provider.seen()).requests > 4 && (await sending()).length > 1)
    await first.kill()
    const left = (await sending()).map(({ id }) => id)
    const startedAt = performance.now()
    const second = startWorker(scene.env, 1_000, provider.url)
    const final = async () =>
      (await db.selectFrom('batch').select('id').where('id', 'in', left).where('state', '=', 'final').execute()).length
    await until(async () => (await final()) === left.length)
    const tookMs = performance.now() - startedAt
    await second.stop()
    return {
      [`killed in mid fan-out, until it goes on, ${engine}`]: { value: tookMs, unit: 'ms', reach: 10_000 },
    }
  } finally {
    provider.stop()
    await scene.close()
  }
}
