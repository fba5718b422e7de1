import { z } from '@hono/zod-openapi'
import { idInput, instantInput } from '#api/http/inputs.ts'
import { textInput, wordsInput } from '#api/http/words.ts'
import type { Site } from '#api/site.ts'
import { roundings } from './amount.ts'
import { admissions } from './approvers.ts'
import type { OfferInput } from './check.ts'
import { bases, deliveries } from './offer.ts'

/** Longest texts, in characters. */
const titleLengthMax = 200
const termsLengthMax = 10_000
const namesMax = 200
const tiersMax = 20

const minor = z.number({ error: 'An amount is a number of the smallest coins.' }).int('An amount is whole coins.')
const whole = z.number().int('This is a whole number.')
const percent = z.string().max(20)
const op = z.enum(['lt', 'lte'], { error: 'A bound is "lt" (below) or "lte" (at or below).' })
const downtime = z.strictObject({ minutes: whole, from: z.enum(['offer', 'list']) })
const month = z.string().max(7)
const names = z.array(textInput(100, { line: true })).max(namesMax)

/** An offer as it is posted, and the same with every field left out where it stays as it is. */
export function offerInputs({ defaultLocale }: Site) {
  const terms = wordsInput(defaultLocale, termsLengthMax)
  const products = wordsInput(defaultLocale, 500).optional()
  const value = z.discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('coupon'),
        amountMinor: minor,
        percent: percent.optional(),
        minSpendMinor: minor.optional(),
        products,
        stackable: z.boolean().optional(),
      }),
      z.strictObject({
        kind: z.literal('service_extension'),
        mode: z.enum(['days', 'multiple', 'tier']),
        days: whole.optional(),
        multiple: whole.optional(),
        tiers: z
          .array(z.strictObject({ op, bound: percent, days: whole }))
          .max(tiersMax)
          .optional(),
        downtime: downtime.optional(),
        month: month.optional(),
        daysMaxPerMonth: whole.optional(),
        periodDays: whole.default(30),
      }),
      z.strictObject({
        kind: z.literal('credit'),
        mode: z.enum(['tier', 'multiple', 'hourly']),
        tiers: z
          .array(z.strictObject({ op, bound: percent, percent }))
          .max(tiersMax)
          .optional(),
        multiple: whole.optional(),
        downtime,
        month: month.optional(),
        feeFrom: z.enum(['customer', 'list']),
        periodHours: whole.optional(),
        minMinor: minor.optional(),
        capPercent: percent.optional(),
      }),
      z.strictObject({ kind: z.literal('refund'), capMinor: minor }),
      z.strictObject({ kind: z.literal('other'), description: wordsInput(defaultLocale, 500), amountMinor: minor }),
    ],
    { error: 'A kind is coupon, service_extension, credit, refund or other.' },
  )
  const eligibility = z.strictObject({
    listId: idInput.nullable().default(null),
    componentIds: z.array(idInput).max(namesMax).default([]),
    plans: names.default([]),
    regions: names.default([]),
    segments: names.default([]),
    minAffectedMinutes: whole.nullable().default(null),
    excludeInternal: z.boolean().default(true),
  })
  const fields = {
    title: wordsInput(defaultLocale, titleLengthMax, { line: true }),
    terms,
    basis: z.enum(bases, { error: 'A basis is goodwill or sla.' }),
    value,
    currency: z.string().max(10),
    rounding: z.enum(roundings),
    eligibility,
    delivery: z.enum(deliveries, { error: 'Delivery is automatic or on_claim.' }),
    claimFrom: instantInput,
    claimUntil: instantInput,
    useWithinDays: whole.nullable(),
    useUntil: instantInput.nullable(),
    budgetMinor: minor.nullable(),
    perCustomerMinor: minor.nullable(),
    maxClaims: whole.nullable(),
    admission: z.enum(admissions),
  }
  const create = z
    .strictObject({
      ...fields,
      rounding: fields.rounding.default('half_up'),
      eligibility: eligibility.default(() => eligibility.parse({})),
      delivery: fields.delivery.default('on_claim'),
      claimFrom: fields.claimFrom.optional(),
      useWithinDays: fields.useWithinDays.default(null),
      useUntil: fields.useUntil.default(null),
      budgetMinor: fields.budgetMinor.default(null),
      perCustomerMinor: fields.perCustomerMinor.default(null),
      maxClaims: fields.maxClaims.default(null),
      admission: fields.admission.default('none'),
    })
    .openapi('NewOffer')
  return { create, change: z.strictObject(fields).partial().openapi('OfferChange') }
}

/** A posted offer, whole: one that names no first moment can be claimed from now on. */
export const wholeInput = (
  given: Omit<OfferInput, 'claimFrom'> & { claimFrom?: string | undefined },
  now: string,
): OfferInput => ({ ...given, claimFrom: given.claimFrom ?? now })
