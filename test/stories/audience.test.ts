import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { newId } from '#api/lib/ids.ts'
import { minuteMs, plusMs } from '#api/lib/time.ts'
import { countAudience, subscribersAfter, suppress } from '#api/subscribers/queries.ts'
import { story } from '../support/story.ts'
import { twoServices } from '../support/subscribers.ts'

/** Subscribers of every kind, 40 of each, with ids in no order. */
async function crowd(app: App, { orders, search }: { orders: string; search: string }) {
  const now = app.now()
  const kinds = {
    everything: { components: [] },
    orders: { components: [orders] },
    both: { components: [orders, search] },
    search: { components: [search] },
    sms: { channel: 'sms', components: [orders] },
    pending: { components: [orders], confirmedAt: null },
    late: { components: [orders], confirmedAt: plusMs(now, 1) },
    left: { components: [orders], closedAt: plusMs(now, -1) },
    leaving: { components: [orders], closedAt: plusMs(now, 1) },
    suppressed: { components: [orders] },
  }
  const ids: Record<string, string[]> = {}
  for (const [kind, { components, ...more }] of Object.entries(kinds)) {
    const rows = Array.from({ length: 40 }, (_, n) => ({
      id: newId(),
      channel: 'email',
      address: `${kind}${n}@mail.example`,
      locale: n % 4 ? ('zh-CN' as const) : ('en' as const),
      everything: components.length ? 0 : 1,
      generation: 1,
      createdAt: now,
      confirmedAt: plusMs(now, -minuteMs),
      closedAt: null,
      closedReason: null,
      consentAt: now,
      consentWording: 'email-2026-11',
      ...more,
    }))
    await app.db.insertInto('subscriber').values(rows).execute()
    for (const componentId of components)
      await app.db
        .insertInto('subscriberComponent')
        .values(rows.map(({ id }) => ({ subscriberId: id, componentId })))
        .execute()
    ids[kind] = rows.map(({ id }) => id)
    if (kind === 'suppressed')
      await app.db.transaction().execute(async (trx) => {
        for (const { channel, address } of rows)
          await suppress(trx, now, { channel, address, reason: 'bounced', source: 'resend' })
      })
  }
  return ids
}

story('an audience is walked once, in order, whatever the size of the steps', async ({ app }) => {
  const { orders, search } = await twoServices(app)
  const ids = await crowd(app, { orders, search })
  const walk = async (reach: { componentIds: string[]; everything: boolean }, limit: number, channel = 'email') => {
    const found: Awaited<ReturnType<typeof subscribersAfter>> = []
    for (let afterId = ''; ; ) {
      const some = await subscribersAfter(app.db, { channel, ...reach, until: app.now(), afterId, limit })
      found.push(...some)
      if (some.length < limit) return found
      afterId = some.at(-1)?.id ?? ''
    }
  }
  const of = (...kinds: string[]) => kinds.flatMap((kind) => ids[kind] ?? []).sort()
  const reached = [
    [{ componentIds: [orders], everything: true }, of('everything', 'orders', 'both', 'leaving', 'suppressed')],
    [{ componentIds: [orders], everything: false }, of('orders', 'both', 'leaving', 'suppressed')],
    [{ componentIds: [orders, search], everything: false }, of('orders', 'both', 'search', 'leaving', 'suppressed')],
    [{ componentIds: [], everything: true }, of('everything')],
    [{ componentIds: [], everything: false }, []],
  ] as const
  for (const [{ componentIds, everything }, expected] of reached)
    for (const limit of [7, 40, 1_000]) {
      const found = await walk({ componentIds: [...componentIds], everything }, limit)
      expect(found.map(({ id }) => id)).toEqual(expected)
      for (const { id, closedAt, suppressed } of found) {
        expect(closedAt !== null).toBe(ids.leaving?.includes(id))
        expect(suppressed).toBe(ids.suppressed?.includes(id) ? 'bounced' : null)
      }
    }
  expect((await walk({ componentIds: [orders], everything: true }, 7, 'sms')).map(({ id }) => id)).toEqual(of('sms'))
})

story('the headcount before publishing is the number that will be told', async ({ app }) => {
  const { orders, search } = await twoServices(app)
  await crowd(app, { orders, search })
  const late = { people: 40, locales: { en: 10, 'zh-CN': 30 } }
  const counts = await countAudience(app.db, {
    email: { componentIds: [orders, search], everything: true },
    sms: { componentIds: [search], everything: true },
    fax: { componentIds: [], everything: false },
  })
  expect(counts.email).toEqual({ people: 4 * 40 + late.people, suppressed: 40, locales: { en: 50, 'zh-CN': 150 } })
  expect(counts.sms).toEqual({ people: 0, suppressed: 0, locales: {} })
  expect(counts.fax).toEqual({ people: 0, suppressed: 0, locales: {} })
})
