import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { foldReceipts } from '#api/notices/receipts.ts'
import { closeFor } from '#api/notices/settle.ts'
import { story } from '../support/story.ts'
import { door, posted, tokenIn } from '../support/subscribers.ts'

const address = 'wang@mail.example'
const auditOf = async (app: App) => {
  const rows = await app.db.selectFrom('audit').selectAll().orderBy('at').execute()
  expect(JSON.stringify(rows)).not.toContain('wang')
  return rows.map(({ action, actorId, subjectId }) => [action, actorId, subjectId])
}
const suppressedByProvider = (eventId: string) => ({
  eventId,
  deliveryId: null,
  providerId: null,
  state: 'suppressed' as const,
  reason: 'suppressed: complaint',
  closesAddress: true,
  address,
})

story('every step of a subscription leaves its row in the audit, from the first wish on', async ({ app, clock }) => {
  const api = door(app)
  await api.post('/api/v1/subscriptions', { channel: 'email', address, locale: 'zh-CN' })
  clock.move(1_000)
  await api.post('/api/v1/subscriptions/again', { channel: 'email', address })
  clock.move(1_000)
  await api.post('/api/v1/subscriptions/again', { channel: 'email', address: 'nobody@mail.example' })
  await api.post(`/api/v1/confirmations/${tokenIn((await posted(app)).at(-1)?.text ?? '', 'subscribe/confirm')}`)
  clock.move(1_000)
  await foldReceipts(app, app.channels[0]!, [suppressedByProvider('msg_1'), suppressedByProvider('msg_2')])
  const { id } = await app.db.selectFrom('subscriber').select('id').executeTakeFirstOrThrow()
  const told = await auditOf(app)
  expect(told.slice(0, 3)).toEqual([
    ['subscription.requested', 'visitor', id],
    ['subscription.askedAgain', 'visitor', id],
    ['subscriber.confirmed', id, id],
  ])
  expect(told.slice(3).sort()).toEqual([
    ['address.suppressed', 'letterbox', id],
    ['subscriber.closed', 'letterbox', id],
  ])
  const first = await app.db.selectFrom('audit').select('after').orderBy('at').executeTakeFirstOrThrow()
  expect(JSON.parse(first.after ?? '')).toEqual({ channel: 'email', componentIds: [], locale: 'zh-CN' })
})

story('an address that a provider bars is in the audit, though nobody subscribed it', async ({ app, clock }) => {
  await foldReceipts(app, app.channels[0]!, [suppressedByProvider('msg_1'), suppressedByProvider('msg_1')])
  expect(await auditOf(app)).toEqual([['address.suppressed', 'letterbox', 'msg_1']])

  await door(app).post('/api/v1/subscriptions', { channel: 'email', address: 'gone@mail.example' })
  const delivery = await app.db.selectFrom('delivery').select('id').executeTakeFirstOrThrow()
  await app.db.deleteFrom('confirmation').execute()
  await app.db.deleteFrom('subscriber').execute()
  clock.move(1_000)
  await app.db.transaction().execute((trx) => closeFor(trx, app.now(), delivery.id, 'bounced: Permanent', 'resend'))
  expect((await auditOf(app)).at(-1)).toEqual(['address.suppressed', 'resend', delivery.id])
})
