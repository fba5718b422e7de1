import { afterAll, beforeEach, expect } from 'vitest'
import { pauseOffer, resumeOffer } from '#api/compensation/live-actions.ts'
import { offerCompensation } from '#api/compensation/offer-actions.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import { secondMs } from '#api/lib/time.ts'
import { previewNotices } from '#api/notices/preview.ts'
import { readHistory, readIncident, readUpdates } from '#api/status/read.ts'
import { addCustomers, coupon, liveOffer, openOffer } from '../support/customers.ts'
import { story } from '../support/story.ts'
import { lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openResend, resendEnv } from '../wire/resend.ts'

const resend = await openResend()
afterAll(() => resend.close())
beforeEach(() => {
  resend.batches.length = 0
})
const readers = [
  { address: 'smith@mail.example', locale: 'en' as const },
  { address: 'wang@mail.example', locale: 'zh-CN' as const },
]
const over = { status: 'resolved' as const, body: words('Orders work again.', '下单已恢复。') }
/** The last mail to an address that says so. */
const lastTo = (address: string, saying = /work again|下单已恢复/) =>
  resend.mailTo(address).findLast(({ text }) => saying.test(text))!.text

story(
  'what is given stands on the incident, in the history and in the word that it is over once it is live, and not before',
  async ({ app, clock }) => {
    const services = await openServices(app)
    await subscribe(app, readers)
    await addCustomers(app, [{ email: 'shop@mail.example' }])
    const first = await ordersDown(app, services)
    const draft = await offerCompensation(app, lin, first.id, coupon(null))
    const seen = async (id: string) => {
      const { incidents } = await readHistory(app, '2026-11')
      return {
        page: (await readIncident(app, id))!.offers.map(({ title, state }) => [title.en, state]),
        history: incidents.find((one) => one.id === id)!.offers.length,
        feed: (await readUpdates(app, { limit: 9 })).find(({ incident }) => incident.id === id)!.incident.offers.length,
      }
    }
    const nothing = { page: [], history: 0, feed: 0 }
    expect(await seen(first.id)).toEqual(nothing)
    await publishUpdate(app, lin, first.id, over)
    await workFor(app, clock, 5 * secondMs)
    for (const { address } of readers) expect(lastTo(address)).not.toMatch(/Compensation|补偿|coupon|优惠券/)
    await openOffer(app, draft.id)
    const shown = { page: [['A 30-yuan coupon for SMS packages', 'live']], history: 1, feed: 1 }
    expect(await seen(first.id)).toEqual(shown)
    await pauseOffer(app, lin, draft.id, 'A look at the list.')
    expect(await seen(first.id)).toEqual(nothing)
    await resumeOffer(app, lin, draft.id)
    expect(await seen(first.id)).toEqual(shown)

    clock.move(secondMs)
    const second = await ordersDown(app, services)
    await liveOffer(app, second.id, coupon(null, { basis: 'sla' }))
    await offerCompensation(app, lin, second.id, coupon(null, { title: words('Not yet', '尚未') }))
    const before = await previewNotices(app, { ...over, incidentId: second.id })
    await publishUpdate(app, lin, second.id, over)
    await workFor(app, clock, 5 * secondMs)
    expect(lastTo('smith@mail.example')).toMatch(/Compensation:? *\n? *A 30-yuan coupon for SMS packages/)
    expect(lastTo('wang@mail.example')).toMatch(/补偿：? *\n? *30 元短信套餐优惠券/)
    for (const { address } of readers) expect(lastTo(address)).not.toMatch(/Not yet|尚未/)
    expect(before.email.en.text).toContain('A 30-yuan coupon for SMS packages')
  },
  resendEnv(resend),
)
