import type { App } from '#api/app.ts'
import { openIncident } from '#api/incidents/actions.ts'
import type { Incident } from '#api/incidents/show.ts'
import { newId } from '#api/lib/ids.ts'
import { plusMs } from '#api/lib/time.ts'
import type { SubscribedChannel } from '#api/subscribers/choice.ts'
import type { Locale, Words } from '#content/locales.ts'
import { inMinutes, lin, openServices } from './services.ts'

export interface Person {
  channel?: SubscribedChannel
  address: string
  locale?: Locale
  /** None means everything. */
  components?: string[]
}

/** People who confirmed yesterday. */
export async function subscribe(app: App, people: Person[]): Promise<void> {
  const confirmedAt = plusMs(app.now(), -86_400_000)
  const rows = people.map((person) => ({
    id: newId(),
    channel: person.channel ?? 'email',
    address: person.address,
    locale: person.locale ?? ('en' as const),
    everything: person.components ? 0 : 1,
    generation: 1,
    createdAt: confirmedAt,
    confirmedAt,
    closedAt: null,
    closedReason: null,
    consentAt: confirmedAt,
    consentWording: 'test',
  }))
  for (let from = 0; from < rows.length; from += 1_000)
    await app.db
      .insertInto('subscriber')
      .values(rows.slice(from, from + 1_000))
      .execute()
  const choices = people.flatMap((person, i) =>
    (person.components ?? []).map((componentId) => ({ subscriberId: rows[i]!.id, componentId })),
  )
  for (let from = 0; from < choices.length; from += 1_000)
    await app.db
      .insertInto('subscriberComponent')
      .values(choices.slice(from, from + 1_000))
      .execute()
}

export const words = (en: string, zh: string): Words => ({ en, 'zh-CN': zh })

/** Orders fail since 20:02 and payments may; the first word is out. */
export async function ordersDown(
  app: App,
  services: Awaited<ReturnType<typeof openServices>>,
  options: { code?: string } = {},
): Promise<Incident> {
  return openIncident(
    app,
    lin,
    {
      title: words('Most merchants cannot place orders.', '多数商家无法提交订单。'),
      severity: 1,
      status: 'investigating',
      startedAt: '2026-11-11T12:02:00.000Z',
      notAffected: words('Browsing stores', '店铺浏览'),
      components: [
        { id: services.orders, status: 'major_outage' },
        { id: services.payments, status: 'partial_outage' },
      ],
      body: words('Our engineers are investigating.', '工程师正在紧急排查。'),
      nextUpdateAt: inMinutes(app, 15),
    },
    options,
  )
}

/** The ledger in short: one line per row, by channel and address. */
export async function ledger(app: App) {
  const rows = await app.db
    .selectFrom('delivery')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .leftJoin('batch', 'batch.id', 'delivery.batchId')
    .select([
      'delivery.channel',
      'delivery.address as to',
      'delivery.state',
      'delivery.reason',
      'batch.attempts',
      'notice.kind',
    ])
    .orderBy('notice.createdAt')
    .orderBy('delivery.channel')
    .orderBy('delivery.address')
    .execute()
  return rows.map((row) => ({ ...row, attempts: row.attempts ?? 0 }))
}

export { inMinutes, lin, openServices }
