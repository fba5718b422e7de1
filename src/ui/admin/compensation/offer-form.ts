import { readAmount, showAmount } from '#api/compensation/amount.ts'
import { offerKinds } from '#api/compensation/offer.ts'
import type { Tier } from '#api/compensation/uptime.ts'
import type { OfferKind } from '#api/compensation/value.ts'
import type { Instant } from '#api/lib/time.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { readWall, wallText } from '../composer.ts'

/** A form as it was typed; several values of one name lie one under the other. */
export type OfferTyped = Map<string, string>

/** Reads a posted form. Ticked boxes of one name are kept as lines. */
export function typedOffer(form: FormData): OfferTyped {
  const typed: OfferTyped = new Map()
  for (const [name, value] of form) {
    if (typeof value !== 'string') continue
    const before = typed.get(name)
    typed.set(name, before === undefined ? value.replace(/\r\n?/g, '\n').trim() : `${before}\n${value}`)
  }
  return typed
}

export const isKind = (text: string): text is OfferKind => (offerKinds as readonly string[]).includes(text)

/** How what is given may be worked out, the usual way first; none where an amount is simply named. */
export const modesOf = (kind: string): readonly ('tier' | 'multiple' | 'days' | 'hourly')[] =>
  kind === 'credit' ? ['tier', 'multiple', 'hourly'] : kind === 'service_extension' ? ['multiple', 'days', 'tier'] : []

interface Moment {
  now: Instant
  zone: string
  /** When the incident began, and how many minutes it lasted. */
  startedAt: Instant
  minutes: number
}

/** A form to begin with; three kinds come with words that have served before. */
export function presetForm(kind: OfferKind, { now, zone, startedAt, minutes }: Moment): OfferTyped {
  const [year = 0, month = 0] = wallText(now, zone).split('-').map(Number)
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).toISOString().slice(0, 10)
  const common: [string, string][] = [
    ['kind', kind],
    ['basis', 'goodwill'],
    ['currency', 'CNY'],
    ['claimFrom', wallText(now, zone)],
    ['claimUntil', `${lastDay}T23:59`],
    ['minutes', String(minutes)],
    ['minutesFrom', 'offer'],
    ['month', wallText(startedAt, zone).slice(0, 7)],
    ['periodDays', '30'],
    ['feeFrom', 'customer'],
    ['excludeInternal', '1'],
    ['delivery', 'on_claim'],
    ['admission', 'none'],
  ]
  const own: Record<OfferKind, [string, string][]> = {
    credit: [
      ['basis', 'sla'],
      ['mode', 'tier'],
      ['tiers', '< 99.9 10\n< 99.0 30\n< 95.0 100'],
      ['plans', 'enterprise'],
    ],
    service_extension: [
      ['mode', 'multiple'],
      ['multiple', '100'],
      ['delivery', 'automatic'],
      ['plans', 'basic\npro'],
    ],
    coupon: [
      ['amount', '30.00'],
      ['useWithinDays', '30'],
    ],
    refund: [],
    other: [],
  }
  return new Map([...common, ...own[kind], ...templateOf(kind)])
}

function templateOf(kind: OfferKind): [string, string][] {
  if (kind === 'refund' || kind === 'other') return []
  const texts = locales.flatMap((locale): [string, string][] => {
    const { title, terms } = wordsOf(locale).compensation.desk.templates[kind]
    return [
      [`title.${locale}`, title],
      [`terms.${locale}`, terms],
    ]
  })
  return [...texts, ['admission', 'apology']]
}

const lines = (text: string | undefined) => (text ?? '').split('\n').filter(Boolean)

/** Reads the form into what the API takes, and says at which fields it cannot be read. */
export function readOfferForm(typed: OfferTyped, zone: string, locale: Locale) {
  const words = wordsOf(locale).compensation.desk.form
  const faults: Record<string, string> = {}
  const text = (name: string) => typed.get(name) ?? ''
  const currency = text('currency') || 'CNY'
  const amount = (name: string): number | undefined => {
    if (!text(name)) return undefined
    const negative = /^-/.test(text(name))
    const minor = /^[A-Z]{3}$/.test(currency) ? safely(() => readAmount(text(name).replace(/^-/, ''), currency)) : null
    if (minor === null) faults[name] = words.badAmount
    // The API says in its own words that an amount is not negative.
    return minor === null ? undefined : negative ? -minor : minor
  }
  const whole = (name: string): number | undefined => {
    if (!text(name)) return undefined
    if (!/^-?\d{1,9}$/.test(text(name))) faults[name] = words.badNumber
    return Number(text(name)) || 0
  }
  const wall = (name: string): Instant => {
    const at = readWall(text(name), zone)
    if (!at) faults[name] = words.badTime
    return at ?? ''
  }
  const pair = (name: string): Words =>
    Object.fromEntries(locales.map((each) => [each, text(`${name}.${each}`)]).filter(([, said]) => said))
  const tiers = (): (Tier & { rest: string })[] =>
    lines(text('tiers')).map((line, at) => {
      const [, op = '', bound = '', rest = ''] =
        /^(<=?|≤|＜)\s*(\d+(?:\.\d+)?)\s*%?[\s:：]+(\d+(?:\.\d+)?)\s*%?$/.exec(line.trim()) ?? []
      if (!op) faults.tiers = fill(words.badTiers, { line: at + 1 })
      return { op: op === '<=' || op === '≤' ? 'lte' : 'lt', bound, rest }
    })
  const kind = text('kind')
  const downtime = {
    minutes: whole('minutes') ?? 0,
    from: text('minutesFrom') === 'list' ? ('list' as const) : ('offer' as const),
  }
  const mode = text('mode')
  const value = () => {
    if (kind === 'service_extension') {
      const extensionMode: 'days' | 'multiple' | 'tier' = mode === 'multiple' || mode === 'tier' ? mode : 'days'
      return {
        kind: 'service_extension' as const,
        mode: extensionMode,
        ...(extensionMode === 'days' ? { days: whole('days') ?? 0 } : { downtime }),
        ...(extensionMode === 'multiple' ? { multiple: whole('multiple') ?? 0 } : {}),
        ...(extensionMode === 'tier'
          ? {
              tiers: tiers().map(({ op, bound, rest }) => ({ op, bound, days: Math.floor(Number(rest)) })),
              month: text('month'),
            }
          : {}),
        periodDays: whole('periodDays') ?? 30,
      }
    }
    if (kind === 'credit') {
      const creditMode: 'tier' | 'multiple' | 'hourly' = mode === 'multiple' || mode === 'hourly' ? mode : 'tier'
      const min = amount('min')
      return {
        kind: 'credit' as const,
        mode: creditMode,
        downtime,
        // Fees by the hour stand in a list alone.
        feeFrom: creditMode === 'hourly' || text('feeFrom') === 'list' ? ('list' as const) : ('customer' as const),
        ...(creditMode === 'tier'
          ? { tiers: tiers().map(({ op, bound, rest }) => ({ op, bound, percent: rest })), month: text('month') }
          : { multiple: whole('multiple') ?? 0 }),
        ...(creditMode === 'multiple' ? { periodHours: (whole('periodDays') ?? 30) * 24 } : {}),
        ...(min === undefined ? {} : { minMinor: min }),
        ...(text('cap') ? { capPercent: text('cap') } : {}),
      }
    }
    if (!text('amount')) faults.amount ??= words.needed
    const amountMinor = amount('amount') ?? 0
    if (kind === 'refund') return { kind: 'refund' as const, capMinor: amountMinor }
    if (kind === 'other') return { kind: 'other' as const, description: pair('description'), amountMinor }
    return { kind: 'coupon' as const, amountMinor }
  }
  const json = {
    title: pair('title'),
    terms: pair('terms'),
    basis: text('basis') === 'sla' ? ('sla' as const) : ('goodwill' as const),
    value: value(),
    currency,
    eligibility: {
      listId: text('listId') || null,
      componentIds: lines(text('components')),
      plans: lines(text('plans')),
      regions: lines(text('regions')),
      segments: lines(text('segments')),
      minAffectedMinutes: whole('minAffectedMinutes') ?? null,
      excludeInternal: text('excludeInternal') === '1',
    },
    delivery: text('delivery') === 'automatic' ? ('automatic' as const) : ('on_claim' as const),
    claimFrom: wall('claimFrom'),
    claimUntil: wall('claimUntil'),
    useWithinDays: whole('useWithinDays') ?? null,
    budgetMinor: amount('budget') ?? null,
    perCustomerMinor: amount('perCustomer') ?? null,
    maxClaims: whole('maxClaims') ?? null,
    admission: admissionOf(text('admission')),
  }
  return { json, faults }
}

const admissionOf = (text: string) =>
  text === 'apology' ? ('apology' as const) : text === 'regret' ? ('regret' as const) : ('none' as const)

function safely<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** Which field of the form the API's own names are about. */
export function faultsOfApi(fields: Record<string, string>): Record<string, string> {
  const names: [RegExp, string][] = [
    [/^value\.(amountMinor|capMinor)/, 'amount'],
    [/^value\.tiers/, 'tiers'],
    [/^value\.downtime/, 'minutes'],
    [/^value\.minMinor/, 'min'],
    [/^value\.capPercent/, 'cap'],
    [/^value\.periodHours/, 'periodDays'],
    [/^value\.description/, 'description'],
    [/^value\.(\w+)/, '$1'],
    [/^eligibility\.componentIds/, 'components'],
    [/^eligibility\.(\w+)/, '$1'],
    [/^eligibility$/, 'listId'],
    [/^budgetMinor/, 'budget'],
    [/^perCustomerMinor/, 'perCustomer'],
  ]
  const faults: Record<string, string> = {}
  for (const [field, sentence] of Object.entries(fields)) {
    const found = names.find(([shape]) => shape.test(field))
    faults[found ? field.replace(found[0], found[1]).replace(/\..*$/, '') : field] ??= sentence
  }
  return faults
}

/** What of an offer may still be changed, as a form. */
export function changeForm(
  offer: {
    title: Words
    terms: Words
    claimUntil: Instant
    useWithinDays: number | null
    budgetMinor: number | null
    maxClaims: number | null
    currency: string
  },
  zone: string,
): OfferTyped {
  const texts = locales.flatMap((locale): [string, string][] => [
    [`title.${locale}`, offer.title[locale] ?? ''],
    [`terms.${locale}`, offer.terms[locale] ?? ''],
  ])
  return new Map([
    ...texts,
    ['currency', offer.currency],
    ['claimUntil', wallText(offer.claimUntil, zone)],
    ['useWithinDays', String(offer.useWithinDays ?? '')],
    ['budget', offer.budgetMinor === null ? '' : showAmount(offer.budgetMinor, offer.currency).replaceAll(',', '')],
    ['maxClaims', String(offer.maxClaims ?? '')],
  ])
}

/** Reads that form. */
export function readChangeForm(typed: OfferTyped, currency: string, zone: string, locale: Locale) {
  const whole = new Map([
    ...typed,
    ['currency', currency],
    ['claimFrom', '2000-01-01T00:00'],
    ['amount', '1'],
    ['kind', 'coupon'],
  ])
  const { json, faults } = readOfferForm(whole, zone, locale)
  const { title, terms, claimUntil, useWithinDays, budgetMinor, maxClaims } = json
  return { json: { title, terms, claimUntil, useWithinDays, budgetMinor, maxClaims }, faults }
}
