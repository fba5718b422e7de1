import type { Channel } from '#api/channels/channel.ts'
import { minuteMs, secondMs } from '#api/lib/time.ts'

/**
 * A sentence when a sender cannot carry this many SMS segments before they are too old to be sent; null when it can.
 * A network takes a fixed number of segments a second from one sender, and what waits longer is not sent any more.
 */
export function tooSlow(
  segments: number,
  { perSecond, expiresAfterMs }: Pick<Channel, 'perSecond' | 'expiresAfterMs'>,
): string | null {
  const neededMs = (segments / perSecond) * secondMs
  if (neededMs <= expiresAfterMs) return null
  const carried = Math.floor((perSecond * expiresAfterMs) / secondMs)
  const [needed, allowed] = [neededMs, expiresAfterMs].map((ms) => Math.ceil(ms / minuteMs))
  return `The SMS take ${needed} minutes to send (${segments} segments, ${perSecond} a second), but none is sent that is older than ${allowed} minutes: ${segments - carried} of the segments would not go out. A faster sender, set in TWILIO_SEGMENTS_PER_SECOND, reaches everybody.`
}
