import { guard } from '#api/accounts/guards.ts'
import type { App } from '#api/app.ts'
import type { Message } from '#api/channels/channel.ts'
import { answerError, newRouter } from '#api/http/router.ts'
import { newId } from '#api/lib/ids.ts'
import { toJson } from '#api/lib/json.ts'
import { unpack } from '#api/lib/pack.ts'
import type { Pause } from '#api/subscribers/evenly.ts'
import { subscriberRoutes } from '#api/subscribers/routes.ts'

/** The subscribers' routes behind the real guard, asked without a network. `pause` stands in for the time every answer takes. */
export function door(app: App, pause?: Pause) {
  const router = newRouter()
  router.onError((error, c) => answerError(error, c, app.log))
  router.use(guard(app))
  router.route('/', subscriberRoutes(app, pause))
  return {
    get: (path: string, headers: Record<string, string> = {}) => router.request(path, { headers }),
    post: (path: string, body: unknown = undefined, headers: Record<string, string> = {}) =>
      router.request(path, {
        method: 'POST',
        headers: {
          'x-candor-client-ip': '203.0.113.7',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    /** A text message that came in, as the provider posts it. */
    form: (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      router.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(fields).toString(),
      }),
  }
}

/** Two services that can be chosen. */
export async function twoServices(app: App): Promise<{ orders: string; search: string }> {
  const groupId = newId()
  await app.db
    .insertInto('componentGroup')
    .values({ id: groupId, name: toJson({ en: 'Shop', 'zh-CN': '店铺' }), position: 0 })
    .execute()
  const add = async (en: string, zh: string, position: number) => {
    const id = newId()
    await app.db
      .insertInto('component')
      .values({
        id,
        groupId,
        name: toJson({ en, 'zh-CN': zh }),
        description: toJson({}),
        core: 0,
        position,
        startDate: '2026-08-01',
        archivedAt: null,
      })
      .execute()
    return id
  }
  return { orders: await add('Order placement', '下单', 0), search: await add('Search', '商品搜索', 1) }
}

export interface Posted extends Message {
  kind: string
  state: string
}

/** What has been written to people so far, oldest first: as the ledger holds it, before the worker sends it. */
export async function posted(app: App): Promise<Posted[]> {
  const rows = await app.db
    .selectFrom('delivery')
    .innerJoin('batch', 'batch.id', 'delivery.batchId')
    .innerJoin('notice', 'notice.id', 'delivery.noticeId')
    .select(['batch.bytes', 'delivery.state', 'delivery.address', 'notice.kind'])
    .orderBy('delivery.createdAt')
    .execute()
  return rows.map(({ bytes, state, kind, address }) => {
    const [message] = bytes === null ? [] : (JSON.parse(unpack(bytes).toString()) as Message[])
    return { deliveryId: '', noticeId: '', locale: 'en', text: '', ...message, address, state, kind }
  })
}

/** The token of the only link of this kind in a text. */
export function tokenIn(text: string, page: 'subscribe/confirm' | 'preferences' | 'unsubscribe'): string {
  const found = [...text.matchAll(new RegExp(`https?://[^/]+/${page}/([\\w.-]+)`, 'g'))].map((match) => match[1])
  const [token] = found
  if (!token || new Set(found).size !== 1) throw new Error(`No single ${page} link in: ${text}`)
  return token
}

/** Every row of every table that a subscriber has a part in: equal before and after what changes nothing. */
export async function snapshot(app: App): Promise<string> {
  const tables = [
    'subscriber',
    'subscriberComponent',
    'confirmation',
    'suppression',
    'rateCount',
    'audit',
    'outbox',
    'notice',
    'delivery',
    'batch',
    'providerEvent',
  ] as const
  const all: Record<string, unknown[]> = {}
  for (const table of tables) all[table] = await app.db.selectFrom(table).selectAll().execute()
  return JSON.stringify(all)
}
