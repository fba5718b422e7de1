import { createHash } from 'node:crypto'
import { clientNetwork } from '#api/lib/network.ts'
import { dayMs, hourMs, type Instant, minuteMs, toInstant, toMs } from '#api/lib/time.ts'

/** How often something may happen within a fixed window of the clock. */
export interface Limit {
  name: string
  windowMs: number
  most: number
}

/** Requests of one network (an IPv4 address, an IPv6 /64): an office behind one address still gets its people in. */
export const perNetwork: Limit = { name: 'network', windowMs: hourMs, most: 30 }
/** Codes that one network may try. */
export const triesPerNetwork: Limit = { name: 'tries', windowMs: 10 * minuteMs, most: 30 }
/** Messages that strangers may cause at one address: the first and two more when it got lost. */
export const perAddress: Limit = { name: 'address', windowMs: dayMs, most: 3 }
/** Messages that an owner has sent to an endpoint to see one arrive. */
export const perTest: Limit = { name: 'test', windowMs: hourMs, most: 10 }
/** Codes to numbers that differ in their last four digits only: pumped numbers come in such blocks. */
export const perSmsPrefix: Limit = { name: 'prefix', windowMs: dayMs, most: 20 }
/** Messages to addresses that have not confirmed, for the whole page: what an attack can cost. Notices are not counted. */
export const perHour: Record<string, Limit> = {
  email: { name: 'email', windowMs: hourMs, most: 3_000 },
  sms: { name: 'sms', windowMs: hourMs, most: 300 },
}

/** The start of the window an instant lies in. */
export const windowStart = (now: Instant, windowMs: number): Instant =>
  toInstant(Math.floor(toMs(now) / windowMs) * windowMs)

/** Seconds until the window that counts now is over. */
export const secondsLeft = (now: Instant, windowMs: number): number =>
  Math.ceil((windowMs - (toMs(now) % windowMs)) / 1_000)

/** The row that counts: addresses and numbers are hashed, so that a counter tells nobody whom it counts. */
export const limitKey = (limit: Limit, subject = ''): string =>
  `${limit.name}:${createHash('sha256').update(subject).digest('base64url').slice(0, 22)}`

export const networkKey = (limit: Limit, ip: string): string => limitKey(limit, clientNetwork(ip))

/** A number without its last four digits. */
export const smsPrefix = (number: string): string => number.slice(0, -4)
