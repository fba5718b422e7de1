import type { Typed } from './composer.ts'

/** So many messages at once are sent only after somebody has typed how many: in all, and of SMS, which cost. */
const confirmAbove = { all: 1_000, sms: 100 }
/** People come and go while somebody types: what was asked still holds while it is off by no more than this share. */
const drift = 0.1

/** How many messages a publication would send, where somebody must type that number first; null where nobody need. */
export function toConfirm({ reach }: { reach: Record<string, { people: number }> }): number | null {
  const all = Object.values(reach).reduce((sum, { people }) => sum + people, 0)
  return all > confirmAbove.all || (reach.sms?.people ?? 0) > confirmAbove.sms ? all : null
}

/** Whether the number that was typed is the one that was asked for, and still about right. */
export function isConfirmed(typed: Typed, count: number): boolean {
  const said = Number((typed.get('confirm') ?? '').replace(/[\s,.，’']/g, '') || Number.NaN)
  const asked = Number(typed.get('asked') ?? Number.NaN)
  return said === count || (said === asked && Math.abs(said - count) <= count * drift)
}
