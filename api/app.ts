import { join } from 'node:path'
import { type Channel, providersOf } from './channels/channel.ts'
import { openChannels } from './channels/index.ts'
import type { ApprovalPolicy } from './compensation/approvers.ts'
import { loadApprovals } from './compensation/policy.ts'
import type { Config } from './config.ts'
import { type Db, openDb } from './db/connect.ts'
import { type Clock, machineMs, realClock } from './lib/clock.ts'
import { jsonLog, type Log } from './lib/log.ts'
import { type Meters, openMeters } from './lib/meters.ts'
import type { Instant } from './lib/time.ts'
import { loadSite, type Site } from './site.ts'

/** What every action is handed: opened once, closed once. */
export interface App {
  db: Db
  now(): Instant
  /** Milliseconds gone by since some moment, whatever is done to the time of day: for waits within this process. */
  steadyMs(): number
  /** A number from 0 up to 1, not 1 itself: what jitter is made of. */
  random(): number
  config: Config
  site: Site
  /** Who approves an offer: content/policy/approvals.yaml. */
  approvals: ApprovalPolicy
  channels: Channel[]
  log: Log
  meters: Meters
  /** Why nothing may be written now, as a sentence for staff; null when all is well. Readers are served all the same. */
  health: {
    trouble: string | null
    /** Why what readers see is not written into the published folder, as the disk said it, and since when. */
    unwritten: { reason: string; since: Instant } | null
    /** Why pages could not be drawn, and since when; `first` when the first page is one of them. */
    undrawn: { reason: string; first: boolean; since: Instant } | null
    /** False while the program starts: nothing is answered but what was published before. */
    opened: boolean
  }
  /** Called after a change is committed, so that publisher and worker need not wait for their next look. */
  wake(): void
  close(): Promise<void>
}

export interface AppParts {
  clock?: Clock
  random?: () => number
  log?: Log
  site?: Site
  channels?: Channel[]
  wake?: () => void
}

/** Opens the record and the channels. Migrates nothing. `parts` replaces the clock, chance, the log and so on where a test or the demonstration brings its own. */
export function openApp(config: Config, parts: AppParts = {}): App {
  const clock = parts.clock ?? realClock
  const log = parts.log ?? jsonLog(config.logLevel)
  const db = openDb(config.databaseUrl)
  const site = parts.site ?? loadSite(config.mode === 'production' ? 'content/site.yaml' : 'content/demo/site.yaml')
  const channels = parts.channels ?? openChannels(config, clock, join(config.dataDir, 'letterbox'), site.smsCountries)
  return {
    db,
    now: () => clock.now(),
    steadyMs: () => clock.steadyMs?.() ?? machineMs(),
    random: parts.random ?? Math.random,
    config,
    site,
    approvals: loadApprovals(),
    channels,
    log,
    meters: openMeters(),
    health: { trouble: null, unwritten: null, undrawn: null, opened: true },
    wake: parts.wake ?? (() => {}),
    close: () => {
      for (const channel of channels.flatMap(providersOf)) channel.close?.()
      return db.destroy()
    },
  }
}
