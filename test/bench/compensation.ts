import { approveOffer } from '#api/compensation/approval-actions.ts'
import { findOffer } from '#api/compensation/offer-queries.ts'
import { verifyOffers } from '#api/compensation/verify.ts'
import { dayMs, plusMs } from '#api/lib/time.ts'
import type { PostgresServer } from '../support/postgres.ts'
import type { Figures } from './figures.ts'
import { startDurable, until } from './ledger.ts'
import { importPeople, openRegistry, type Registry } from './people.ts'

/** Codes of another system in one list. */
const codesInOne = 10_000

/** So many customers and as many affected ones from files, on both engines. */
export const measureCustomers = (people: number, say: (line: string) => void): Promise<Figures> =>
  onBoth((registry) => importPeople(registry, people, say))

/** The same, and then an offer that is given to all of them by itself: codes, who fits, claims, mails, billing's file, and a recount. */
export const measureCompensation = (people: number, say: (line: string) => void): Promise<Figures> =>
  onBoth(async (registry) => {
    const listId = await importPeople(registry, people, say)
    return giveToAll(registry, people, listId, say)
  })

async function onBoth(measure: (registry: Registry) => Promise<unknown>): Promise<Figures> {
  const server = await startDurable()
  try {
    return { ...(await onOne(null, measure)), ...(await onOne(server, measure)) }
  } finally {
    await server.stop()
  }
}

async function onOne(server: PostgresServer | null, measure: (registry: Registry) => Promise<unknown>) {
  const registry = await openRegistry(server)
  try {
    await measure(registry)
    return registry.figures()
  } finally {
    await registry.close()
  }
}

async function giveToAll(registry: Registry, people: number, listId: string, say: (line: string) => void) {
  const { app, engine, incidentId, provider } = registry
  const { id } = await registry.ask<{ id: string }>('POST', `/incidents/${incidentId}/offers`, {
    title: { en: 'A 30-yuan coupon for SMS packages', 'zh-CN': '30 元短信套餐优惠券' },
    terms: { en: 'Usable for 30 days.', 'zh-CN': '30 天内有效。' },
    basis: 'goodwill',
    value: { kind: 'coupon', amountMinor: 3_000 },
    currency: 'CNY',
    eligibility: { listId },
    delivery: 'automatic',
    claimUntil: plusMs(app.now(), 30 * dayMs),
    useWithinDays: 30,
  })
  say(`${engine}: taking in codes …`)
  await registry.timed('codes taken in', people, async () => {
    for (let from = 0; from < people; from += codesInOne) {
      const list = Array.from({ length: Math.min(codesInOne, people - from) }, (_, i) => `HEZHOU-${from + i}`)
      await registry.ask('POST', `/offers/${id}/codes`, { list: list.join('\n') })
    }
  })
  say(`${engine}: finding who fits …`)
  await registry.timed('who fits, and for how much', people, () => registry.ask('POST', `/offers/${id}/request`))
  await approve(registry, id)
  say(`${engine}: writing claims down …`)
  const offer = async () => (await findOffer(app.db, id))!
  await registry.timed('claims written down with their codes', people, async () => {
    await registry.ask('POST', `/offers/${id}/live`)
    await until(async () => (await offer()).preparedAt !== null)
  })
  say(`${engine}: telling them …`)
  await registry.timed('mails found, written and handed over', people, () =>
    until(async () => (await provider.seen()).mails >= people),
  )
  say(`${engine}: writing billing’s file …`)
  await registry.timed('lines of billing’s file', people, async () => {
    const lines = await registry.download(`/offers/${id}/claims.csv`)
    if (lines !== people + 1) throw new Error(`Billing’s file has ${lines} lines.`)
  })
  say(`${engine}: counting again …`)
  await registry.timed('claims counted again', people, async () => {
    const { claims, differences } = await verifyOffers(app)
    if (claims !== people || differences.length) throw new Error(JSON.stringify({ claims, differences }))
  })
  const { mails } = await provider.seen()
  if (mails !== people) throw new Error(`${mails} mails went to ${people} customers.`)
}

/** Everybody whose approval such an offer needs gives it. */
async function approve({ app }: Registry, id: string): Promise<void> {
  for (const role of ['coordination', 'finance', 'executive', 'legal']) {
    const { state, requestedHash } = (await findOffer(app.db, id))!
    if (state === 'pending_approval')
      await approveOffer(app, { id: `bench-${role}`, roles: [role] }, id, requestedHash ?? '')
  }
}
