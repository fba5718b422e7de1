import { conflict } from '#api/errors.ts'

export const bases = ['sla', 'goodwill'] as const
export type Basis = (typeof bases)[number]
export const offerKinds = ['coupon', 'service_extension', 'credit', 'refund', 'other'] as const
export const deliveries = ['automatic', 'on_claim'] as const
export type DeliveryMode = (typeof deliveries)[number]

export const offerStates = ['draft', 'pending_approval', 'approved', 'live', 'paused', 'closed', 'cancelled'] as const
export type OfferState = (typeof offerStates)[number]

export const offerMoves = [
  'request',
  'approve',
  'refuse',
  'goLive',
  'pause',
  'resume',
  'close',
  'cancel',
  'change',
] as const
export type OfferMove = (typeof offerMoves)[number]

const moves: Record<OfferMove, Partial<Record<OfferState, OfferState>>> = {
  // A live offer whose terms were changed is paused, and asks again from there.
  request: { draft: 'pending_approval', paused: 'pending_approval' },
  approve: { pending_approval: 'approved' },
  refuse: { pending_approval: 'draft' },
  goLive: { approved: 'live' },
  pause: { live: 'paused' },
  resume: { paused: 'live' },
  close: { live: 'closed', paused: 'closed' },
  cancel: {
    draft: 'cancelled',
    pending_approval: 'cancelled',
    approved: 'cancelled',
    live: 'cancelled',
    paused: 'cancelled',
  },
  // What is approved is exactly these words and this value: another word, and nothing is approved.
  change: { draft: 'draft', pending_approval: 'draft', approved: 'draft', live: 'paused', paused: 'paused' },
}

const verbs: Record<OfferMove, string> = {
  request: 'be sent for approval',
  approve: 'be approved',
  refuse: 'be refused',
  goLive: 'go live',
  pause: 'be paused',
  resume: 'go on',
  close: 'be closed',
  cancel: 'be cancelled',
  change: 'be changed',
}
const spoken = (state: OfferState) => state.replace('_', ' ')

/** The state a move leads to. Throws `conflict` where it leads nowhere. */
export function moveOffer(state: OfferState, move: OfferMove): OfferState {
  const to = moves[move][state]
  if (!to) throw conflict(`This offer is ${spoken(state)}: it cannot ${verbs[move]}.`)
  return to
}

export const mayMove = (state: OfferState, move: OfferMove): boolean => moves[move][state] !== undefined

/** The kind of a notice that tells customers of an offer. */
export const offerNoticeKind = 'offer.announced'
