import { describe, it } from 'vitest'
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

/** Opens an app on a new record of this engine, on the demonstration company's site, with a clock that stands still. */
export async function openStage(
  engine: Engine,
  env: Record<string, string> = {},
): Promise<Stage & { close(): Promise<void> }> {
  const { url, dataDir, drop } = await newRecord(engine)
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
  describe.each(engines)('%s', (engine) => {
    it(promise, async () => {
      const stage = await openStage(engine, env)
      try {
        await tell(stage)
      } finally {
        await stage.close()
      }
    })
  })
}
