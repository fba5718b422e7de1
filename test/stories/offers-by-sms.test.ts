import { afterAll, expect } from 'vitest'
import { smsLength } from '#api/channels/sms/segments.ts'
import { claimOffer } from '#api/compensation/claim-actions.ts'
import { leaveOffers, readGoodbye } from '#api/compensation/goodbye-actions.ts'
import { goodbyeToken } from '#api/compensation/links.ts'
import { publishUpdate } from '#api/incidents/actions.ts'
import { secondMs } from '#api/lib/time.ts'
import { hear } from '#api/subscribers/inbound-actions.ts'
import { addCustomers, coupon, liveOffer } from '../support/customers.ts'
import { story } from '../support/story.ts'
import { lin, openServices, ordersDown, subscribe, words } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'

const twilio = await openTwilio()
afterAll(() => twilio.close())

story(
  'an offer by SMS is a message of its own class: short, with a link to claim and the way out, and no notice is lost by leaving',
  async ({ app, clock }) => {
    twilio.sent.length = 0
    twilio.now = () => new Date(clock.now())
    const [zh, en, gone] = ['+8613900000001', '+8613900000002', '+8613900000003'] as const
    const services = await openServices(app)
    await subscribe(app, [{ channel: 'sms', address: zh, locale: 'zh-CN' }])
    const incident = await ordersDown(app, services)
    await workFor(app, clock, 5 * secondMs)
    twilio.sent.length = 0
    await addCustomers(app, [{ sms: zh }, { sms: en, locale: 'en' }, { sms: gone, locale: 'en' }])
    await hear(app, { messageId: 'SM1', from: gone, keyword: 'stop' })
    await liveOffer(app, incident.id, coupon(null))
    await workFor(app, clock, 5 * secondMs)
    const to = (number: string) => twilio.sent.filter((one) => one.to === number)
    expect([to(zh).length, to(en).length, to(gone).length]).toEqual([1, 1, 0])
    const link = 'status\\.hezhou\\.example/claims/[\\w-]{43}/'
    expect(to(zh)[0]!.body).toMatch(new RegExp(`^【禾舟商云】30 元短信套餐优惠券。请于.+前领取：${link} 退订回T$`))
    expect(to(en)[0]!.body).toMatch(
      new RegExp(`^\\[Hezhou\\] A 30-yuan coupon for SMS packages\\. .+: ${link} Reply STOP to opt out$`),
    )
    expect(smsLength(to(zh)[0]!.body)).toMatchObject({ encoding: 'UCS-2', segments: 2 })
    expect(smsLength(to(en)[0]!.body)).toMatchObject({ encoding: 'GSM-7', segments: 2 })
    expect(await claimOffer(app, /claims\/([\w-]+)\//.exec(to(en)[0]!.body)![1]!, null)).toMatchObject({
      door: 'issued',
      locale: 'en',
    })

    // Whoever leaves offers on the page still hears of incidents by SMS.
    const told = await app.db
      .selectFrom('delivery')
      .innerJoin('notice', 'notice.id', 'delivery.noticeId')
      .select(['delivery.id', 'delivery.state'])
      .where('delivery.address', '=', zh)
      .where('notice.kind', '=', 'offer.announced')
      .executeTakeFirstOrThrow()
    expect(told.state).toBe('sent')
    const token = goodbyeToken(app.config, told.id)
    expect(await readGoodbye(app, token)).toMatchObject({ left: false })
    await leaveOffers(app, token)
    await liveOffer(app, incident.id, coupon(null, { basis: 'sla', title: words('Another', '另一项') }))
    await publishUpdate(app, lin, incident.id, { status: 'resolved', body: words('Over.', '已恢复。') })
    await workFor(app, clock, 5 * secondMs)
    expect(to(zh).map(({ body }) => body.includes('claims'))).toEqual([true, false])
    expect(to(en)).toHaveLength(2)
    expect(to(gone)).toHaveLength(0)
  },
  twilioEnv(twilio),
)
