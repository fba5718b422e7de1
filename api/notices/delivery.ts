import type { DeliveryState } from '#api/db/schema.ts'

export const deliveryStates = [
  'queued',
  'sending',
  'sent',
  'delivered',
  'delayed',
  'bounced',
  'complained',
  'suppressed',
  'failed',
  'unknown',
  'expired',
  'superseded',
  'skipped',
] as const satisfies readonly DeliveryState[]

/**
 * How far a delivery has come. Callbacks arrive late, twice and out of order: a state replaces another of lower rank
 * only, so nothing goes back. A complaint can follow a delivery, and so can a bounce.
 */
const ranks: Record<DeliveryState, number> = {
  queued: 0,
  sending: 1,
  unknown: 2,
  sent: 3,
  delayed: 4,
  delivered: 5,
  failed: 5,
  suppressed: 5,
  expired: 5,
  superseded: 5,
  skipped: 5,
  bounced: 6,
  complained: 7,
}

/** Whether a callback's state is news. */
export const goesOn = (from: DeliveryState, to: DeliveryState): boolean => ranks[to] > ranks[from]
