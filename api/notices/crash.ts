import type { App } from '#api/app.ts'

/** Where a worker under test may be killed while it tells people, each right after something was committed or accepted. */
export const crashPoints = [
  'after-take',
  'mid-expand',
  'after-expand',
  'after-freeze',
  'after-fold',
  'after-supersede',
  'after-hold',
  'after-release',
  'after-end',
  'after-close',
  'after-attempt',
  'after-accept',
  'after-settle',
  'after-retry',
  'after-takeover',
  'after-hand-over',
  'after-receipt',
  'after-look',
  'after-again',
] as const
/** The same while it reads a file of customers. */
const importPoints = ['mid-import', 'mid-commit'] as const
export type LedgerPoint = (typeof crashPoints)[number]
/** The same while it works on offers. */
const offerPoints = ['mid-prepare', 'after-prepare', 'after-offer-end', 'after-bill'] as const
export type CrashPoint = LedgerPoint | (typeof importPoints)[number] | (typeof offerPoints)[number]

/** Ends the whole process at once, as a power cut would, when the settings name this point. Never in production. */
export function crashPoint({ config }: Pick<App, 'config'>, point: CrashPoint): void {
  if (config.crashAt === point && config.mode !== 'production') process.kill(process.pid, 'SIGKILL')
}
