import type { Config } from '#api/config.ts'
import type { Clock } from '#api/lib/clock.ts'
import type { Channel } from './channel.ts'

/** Every way a notice can travel: one folder and one line here. */
export function openChannels(_config: Config, _clock: Clock, _letterboxDir: string): Channel[] {
  return []
}
