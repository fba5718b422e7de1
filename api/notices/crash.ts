import type { App } from '#api/app.ts'

/** Where a program under test may be killed, each right after something was committed or accepted. */
export type CrashPoint = 'after-take' | 'mid-expand' | 'after-freeze' | 'after-attempt' | 'after-accept'

/** Ends the whole process at once, as a power cut would, when the settings name this point. Never in production. */
export function crashPoint({ config }: App, point: CrashPoint): void {
  if (config.crashAt === point && config.mode !== 'production') process.kill(process.pid, 'SIGKILL')
}
