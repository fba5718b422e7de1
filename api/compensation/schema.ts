import { z } from '@hono/zod-openapi'
import { id, instant, words } from '#api/http/shapes.ts'
import { locales } from '#content/locales.ts'
import { claimStates } from './claim.ts'
import { bases, deliveries, offerKinds, offerStates } from './offer.ts'

// What routes about offers answer with, for the OpenAPI document and the typed client.

const minor = z.number().openapi({ description: 'In the smallest coin of the currency.' })
const claimState = z.enum(claimStates).openapi('ClaimState')
const seat = z.object({ seat: z.string(), role: z.string(), title: words })

const totals = z.object({
  eligible: z.number(),
  committedMinor: minor,
  issuedCount: z.number(),
  issuedMinor: minor,
  redeemedCount: z.number(),
  redeemedMinor: minor,
  expiredCount: z.number(),
  expiredMinor: minor,
  budgetLeftMinor: minor.nullable(),
})

export const offerShape = z
  .object({
    id,
    incidentId: id,
    basis: z.enum(bases),
    kind: z.enum(offerKinds),
    title: words,
    terms: words,
    value: z.record(z.string(), z.unknown()),
    currency: z.string(),
    rounding: z.string(),
    eligibility: z.object({
      listId: id.nullable(),
      componentIds: z.array(id),
      plans: z.array(z.string()),
      regions: z.array(z.string()),
      segments: z.array(z.string()),
      minAffectedMinutes: z.number().nullable(),
      excludeInternal: z.boolean(),
    }),
    delivery: z.enum(deliveries),
    claimFrom: instant,
    claimUntil: instant,
    useWithinDays: z.number().nullable(),
    useUntil: instant.nullable(),
    budgetMinor: minor.nullable(),
    perCustomerMinor: minor.nullable(),
    maxClaims: z.number().nullable(),
    admission: z.string(),
    state: z.enum(offerStates),
    stateReason: z.string().nullable(),
    termsVersion: z.number(),
    createdAt: instant,
    createdBy: z.string(),
    eligibleCount: z.number().nullable(),
    committedMinor: minor.nullable(),
    claimCount: z.number(),
    requestedAt: instant.nullable(),
    approvedAt: instant.nullable(),
    liveAt: instant.nullable(),
    preparedAt: instant.nullable(),
    closedAt: instant.nullable(),
    versions: z.array(
      z.object({
        version: z.number(),
        title: words,
        terms: words,
        hash: z.string(),
        createdAt: instant,
        createdBy: z.string(),
      }),
    ),
    approval: z.object({
      state: z.enum(['approved', 'pending', 'void', 'none']),
      hash: z.string().nullable().openapi({ description: 'Names exactly what is to be approved.' }),
      required: z.array(seat.extend({ filledBy: z.string().nullable() })),
      needsSecondPerson: z.boolean(),
      given: z.array(
        z.object({
          id,
          decision: z.enum(['approved', 'refused']),
          seats: z.array(z.string()),
          personId: z.string(),
          reason: z.string().nullable(),
          termsVersion: z.number(),
          createdAt: instant,
          voidedAt: instant.nullable(),
        }),
      ),
    }),
    names: z.record(z.string(), z.string()),
    claims: z.array(z.object({ state: claimState, count: z.number() })),
    totals,
    codes: z.array(z.object({ source: z.string(), state: z.string(), count: z.number() })),
    billing: z.object({ on: z.boolean(), waiting: z.number(), sent: z.number(), dead: z.number() }),
    told: z.array(z.object({ channel: z.string(), state: z.string(), count: z.number() })),
  })
  .openapi('Offer')

export const offersShape = z.object({
  data: z.array(offerShape),
  next: z.null(),
  sums: z.array(
    totals
      .omit({ eligible: true })
      .extend({ currency: z.string(), affected: z.number(), perAffectedMinor: minor.nullable() }),
  ),
  affected: z.number(),
})

export const previewShape = z
  .object({
    eligible: z.number(),
    committedMinor: minor,
    besideMinor: minor.openapi({ description: 'What the other offers of this incident weigh beside it.' }),
    plans: z.array(z.object({ plan: z.string(), count: z.number(), amountMinor: minor, days: z.number().nullable() })),
    nothing: z.array(z.object({ reason: z.string(), count: z.number() })),
    required: z.array(seat),
  })
  .openapi('OfferPreview')

export const claimLineShape = z
  .object({
    id,
    customerId: id,
    externalId: z.string(),
    customerName: z.string(),
    plan: z.string(),
    state: claimState,
    source: z.enum(['csv', 'api', 'component', 'rule']),
    listId: id.nullable(),
    line: z.number().nullable(),
    minutes: z.number().nullable(),
    days: z.number().nullable(),
    amountMinor: minor,
    reason: z.string().nullable(),
    createdAt: instant,
    notifiedAt: instant.nullable(),
    viewedAt: instant.nullable(),
    claimedAt: instant.nullable(),
    issuedAt: instant.nullable(),
    redeemedAt: instant.nullable(),
    endedAt: instant.nullable(),
    usableUntil: instant.nullable(),
    codeHint: z.string().nullable(),
  })
  .openapi('Claim')

export const claimViewShape = z
  .object({
    door: z.enum([
      'open',
      'not_yet',
      'paused',
      'closed',
      'expired',
      'exhausted',
      'revoked',
      'in_review',
      'rejected',
      'issued',
      'redeemed',
    ]),
    locale: z.enum(locales),
    title: words,
    terms: words,
    termsVersion: z.number(),
    kind: z.enum(offerKinds),
    basis: z.enum(bases),
    automatic: z.boolean(),
    amountMinor: minor,
    currency: z.string(),
    days: z.number().nullable(),
    claimFrom: instant,
    claimUntil: instant,
    useWithinDays: z.number().nullable(),
    claimedAt: instant.nullable(),
    usableUntil: instant.nullable(),
    code: z.string().nullable(),
    reason: z.string().nullable(),
    incidentId: id,
    goodbye: z.string(),
  })
  .openapi('ClaimPage')

export const codesShape = z.object({
  accepted: z.number(),
  duplicates: z.array(z.object({ line: z.number(), firstLine: z.number() })),
  rejected: z.array(z.object({ line: z.number(), reason: z.string() })),
  known: z.array(z.number()).openapi({ description: 'Lines whose code some offer has already.' }),
})

export const choicesShape = z.object({
  lists: z.array(z.object({ id, source: z.string(), description: z.string(), rows: z.number(), createdAt: instant })),
  plans: z.array(z.string()),
  regions: z.array(z.string()),
  segments: z.array(z.string()),
})
