import { createStaff } from '#api/accounts/actions.ts'
import type { Role } from '#api/accounts/permissions.ts'
import type { App } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import type { ManualClock } from '#api/lib/clock.ts'
import { type Program, startProgram } from '#api/program.ts'
import { freePort } from './postgres.ts'
import { type Engine, newRecord } from './record.ts'
import { openServices } from './services.ts'

export interface OpenProgram extends Program {
  /** PUBLIC_URL without its last slash. */
  url: string
  services: Awaited<ReturnType<typeof openServices>>
}

export const password = 'harbour lantern seven tides'

/** A person who can sign in with `password`. */
export const staff = (app: App, email: string, ...roles: Role[]) =>
  createStaff(app, { email, name: email.split('@')[0] ?? '', password, roles })

/**
 * The whole program in this process, front door and worker, on a record of its own with a few services and on real
 * time, unless a clock is handed in. `stop` also drops the record.
 */
export async function openProgram({
  engine = 'sqlite',
  env = {},
  clock,
  prepare,
}: {
  engine?: Engine
  env?: Record<string, string>
  clock?: ManualClock
  prepare?: (app: App) => Promise<void>
} = {}): Promise<OpenProgram> {
  const { url, dataDir, drop } = await newRecord(engine)
  const port = await freePort()
  const full = {
    DATABASE_URL: url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...env,
  }
  let services: OpenProgram['services'] | undefined
  const program = await startProgram(readConfig(full, 'test'), {
    build: false,
    ...(clock ? { clock } : {}),
    prepare: async (app) => {
      services = await openServices(app)
      await prepare?.(app)
    },
  })
  return {
    ...program,
    url: full.PUBLIC_URL,
    services: services!,
    async stop() {
      await program.stop()
      await drop()
    },
  }
}
