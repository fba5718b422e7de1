import { afterAll, describe, it } from 'vitest'
import { type App, openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { ManualClock } from '#api/lib/clock.ts'
import { type Engine, engines, newRecord } from './record.ts'

export interface Stage {
  app: App
  clock: ManualClock
  engine: Engine
  /** The environment the app was opened with, to open a second one on the same record. */
  env: Record<string, string>
}

export const eveningStart = '2026-11-11T12:08:00.000Z'

/**
 * Opens an app on a new record of this engine, on the demonstration company's site, with a clock that stands still.
 * `like` is the record to begin with, see newRecord.
 */
export async function openStage(
  engine: Engine,
  env: Record<string, string> = {},
  like?: string,
): Promise<Stage & { close(): Promise<void> }> {
  const { url, dataDir, drop } = await newRecord(engine, like)
  const full = {
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    PUBLIC_URL: 'https://status.hezhou.example',
    ...env,
  }
  const clock = new ManualClock(eveningStart)
  const app = openApp(readConfig(full, 'test'), { clock })
  return {
    app,
    clock,
    engine,
    env: full,
    async close() {
      await app.close()
      await drop()
    },
  }
}

/** Proves a promise to a person, on every engine. */
export function story(promise: string, tell: (stage: Stage) => Promise<void>, env: Record<string, string> = {}): void {
  onEveryEngine(promise, tell, (engine) => openStage(engine, env))
}

/**
 * Stories that all begin with one past: it is written once on each engine, and every story has a copy of the record to
 * itself. What `write` leaves in the data folder is not part of it.
 */
export function storiesAfter(write: (stage: Stage) => Promise<void>): typeof story {
  const pasts = new Map<Engine, ReturnType<typeof openStage>>()
  const writeOnce = async (engine: Engine) => {
    const stage = await openStage(engine)
    await write(stage)
    await stage.app.close()
    return stage
  }
  afterAll(async () => {
    for (const past of pasts.values()) await (await past).close()
  })
  return (promise, tell, env = {}) =>
    onEveryEngine(promise, tell, async (engine) => {
      const past = pasts.get(engine) ?? writeOnce(engine)
      pasts.set(engine, past)
      return openStage(engine, env, (await past).env.DATABASE_URL)
    })
}

function onEveryEngine(
  promise: string,
  tell: (stage: Stage) => Promise<void>,
  open: (engine: Engine) => ReturnType<typeof openStage>,
) {
  describe.each(engines)('%s', (engine) => {
    it(promise, async () => {
      const stage = await open(engine)
      try {
        await tell(stage)
      } finally {
        await stage.close()
      }
    })
  })
}
