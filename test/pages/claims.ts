import type { Locale, Words } from '#content/locales.ts'

/** How the page of a claim stands that somebody opens by their link. */
export const claimDoors = [
  'open',
  'taken',
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
  'automatic',
] as const
export type ClaimPage = (typeof claimDoors)[number]

export interface Means {
  /** Asks the program's API as the holder of the owner's token. */
  ask<T>(path: string, method?: string, data?: object): Promise<T>
  /** The first link of this shape in the newest letter to an address. */
  linkTo(address: string, shape: RegExp): Promise<string>
  /** Approves as the person who is signed in, whose role the smallest offers ask for. */
  approve(offerId: string, hash: string): Promise<unknown>
  eventually<T>(ask: () => Promise<T | null>, otherwise: string): Promise<T>
}

interface Claims {
  data: { id: string }[]
}

const shape = /\/claims\/[\w-]+\//
const both = (en: string, zh: string): Words => ({ en, 'zh-CN': zh })
const coupon = {
  title: both('A 30-yuan SMS package coupon', '30 元短信套餐优惠券'),
  terms: both(
    'You may claim a 30-yuan coupon for SMS packages. It is valid for 30 days after you claim it and can be used once.',
    '您可领取 30 元短信套餐优惠券，领取后 30 天内有效，可使用一次。',
  ),
  value: { kind: 'coupon', amountMinor: 3_000 },
  currency: 'CNY',
  useWithinDays: 30,
}
const guide = {
  title: both('An hour with one of our advisers', '与顾问面谈一小时'),
  terms: both('We call you within three working days.', '我们会在三个工作日内致电您。'),
  value: { kind: 'other', description: both('An hour of advice', '一小时咨询'), amountMinor: 3_000 },
  currency: 'CNY',
}
const days = {
  title: both('7 extra days of service', '免费延长服务期限 7 天'),
  terms: both('They are added to the end of your term.', '自动加在到期日之后。'),
  value: { kind: 'service_extension', mode: 'days', days: 7 },
  currency: 'CNY',
}

/**
 * Offers after an incident that are small enough for one approval, with customers who stand in every way a customer can.
 * Gives the path of a claim's page for each; asked for "taken", one that nobody has pressed yet.
 */
export async function openClaims({ ask, linkTo, approve, eventually }: Means, incident: string) {
  const minuteMs = 60_000
  const { at } = await ask<{ at: string }>('/api/v1/status')
  const began = Date.now()
  /** The program's own time, so many milliseconds from now. */
  const later = (ms: number) => new Date(Date.parse(at) + (Date.now() - began) + ms).toISOString()
  let customers = 0
  const links = new Map<ClaimPage, string[]>()

  /** Writes an offer for these customers, has it approved and opens it; notes each one's link. Its id. */
  async function offer(basis: 'sla' | 'goodwill', more: object, who: ClaimPage[], plan = 'Basic'): Promise<string> {
    const people = await Promise.all(
      who.map(async (door) => {
        const address = `claim-${++customers}@mail.example`
        const externalId = `HZ-3${String(customers).padStart(5, '0')}`
        const contacts = [{ channel: 'email', address }]
        const locale: Locale = 'en'
        const fee = { monthlyFeeMinor: 39_900, currency: 'CNY' }
        await ask('/api/v1/customers', 'POST', {
          externalId,
          name: 'Harbour Shop',
          plan,
          locale,
          contacts,
          ...fee,
        })
        return { door, address, externalId }
      }),
    )
    const rows = people.map(({ externalId }) => ({ customerId: externalId, minutes: 89 }))
    const list = await ask<{ id: string }>(`/api/v1/incidents/${incident}/affected`, 'POST', {
      description: 'Billing',
      customers: rows,
    })
    const { id } = await ask<{ id: string }>(`/api/v1/incidents/${incident}/offers`, 'POST', {
      basis,
      claimUntil: later(40 * 1_440 * minuteMs),
      eligibility: { listId: list.id, plans: [plan] },
      ...more,
    })
    await open(id)
    for (const { door, address } of people) links.set(door, [...(links.get(door) ?? []), await linkTo(address, shape)])
    return id
  }
  async function open(id: string): Promise<void> {
    const { approval } = await ask<{ approval: { hash: string } }>(`/api/v1/offers/${id}/request`, 'POST')
    await approve(id, approval.hash)
    await ask(`/api/v1/offers/${id}/live`, 'POST')
  }
  const pathOf = (door: ClaimPage) => links.get(door)?.[0] ?? ''
  const press = (door: ClaimPage) => {
    const token = pathOf(door).split('/').at(-2)
    return ask<{ code: string | null }>(`/api/v1/claims/${token}`, 'POST', { termsVersion: 1 })
  }
  const reason = 'Your company was not affected: its orders went through.'

  const closed = await offer('goodwill', guide, ['closed'])
  await ask(`/api/v1/offers/${closed}/closure`, 'POST', { reason: 'All is said.' })
  await offer('goodwill', { ...guide, claimFrom: later(20 * 1_440 * minuteMs) }, ['not_yet'])
  const paused = await offer('sla', guide, ['paused'])
  await ask(`/api/v1/offers/${paused}/pause`, 'POST', { reason: 'Looking again.' })
  await offer('goodwill', { ...days, delivery: 'automatic' }, ['automatic'])

  const limited = await offer('goodwill', { ...coupon, maxClaims: 3 }, ['exhausted', 'issued', 'redeemed', 'revoked'])
  await press('revoked')
  const [taken] = (await ask<Claims>(`/api/v1/offers/${limited}/claims?state=issued`)).data
  await press('issued')
  const { code } = await press('redeemed')
  await ask('/api/v1/redemptions', 'POST', { code })
  await press('exhausted').catch(() => {})
  await ask(`/api/v1/offer-claims/${taken!.id}/revocation`, 'POST', { reason })
  const reviewed = await offer('sla', coupon, ['rejected', 'in_review'])
  await press('rejected')
  const [asked] = (await ask<Claims>(`/api/v1/offers/${reviewed}/claims?state=requested`)).data
  await ask(`/api/v1/offer-claims/${asked!.id}/review`, 'POST', { decision: 'reject', reason })
  await press('in_review')
  await offer('goodwill', coupon, ['open', ...Array<ClaimPage>(8).fill('taken')], 'Pro')

  const short = await offer('sla', days, ['expired'])
  await ask(`/api/v1/offers/${short}`, 'PATCH', { claimUntil: later(5_000) })
  await open(short)
  const isOver = async () => (await ask<{ state: string }>(`/api/v1/offers/${short}`)).state === 'closed' || null
  await eventually(isOver, 'The last day of an offer did not end it.')
  return (door: ClaimPage): string => (door === 'taken' ? (links.get(door)?.shift() ?? '') : pathOf(door))
}
