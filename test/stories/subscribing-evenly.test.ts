import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { minuteMs } from '#api/lib/time.ts'
import { evenAfterMs } from '#api/subscribers/evenly.ts'
import { suppress } from '#api/subscribers/queries.ts'
import { story } from '../support/story.ts'
import { door, posted, tokenIn } from '../support/subscribers.ts'

const people = ['active', 'closed', 'pending', 'bounced', 'nobody'] as const
const addressOf = (who: string) => ({ channel: 'email', address: `${who}@mail.example` })

/** Somebody in every state there is, but for "nobody". */
async function knownPeople(app: App, clock: { move(ms: number): void }) {
  const api = door(app)
  for (const who of ['active', 'closed']) {
    await api.post('/api/v1/subscriptions', addressOf(who))
    await api.post(`/api/v1/confirmations/${tokenIn((await posted(app)).at(-1)?.text ?? '', 'subscribe/confirm')}`)
    clock.move(minuteMs)
  }
  const closed = { closedAt: app.now(), closedReason: 'unsubscribed' }
  await app.db.updateTable('subscriber').set(closed).where('address', '=', 'closed@mail.example').execute()
  await api.post('/api/v1/subscriptions', addressOf('pending'))
  const bounced = { ...addressOf('bounced'), reason: 'bounced', source: 'resend' }
  await app.db.transaction().execute((trx) => suppress(trx, app.now(), bounced))
  await api.post('/api/v1/subscriptions', { channel: 'sms', address: '+86 138 0013 8000' })
}

story('a wish is the same work whoever is behind the address', async ({ app, clock }) => {
  await knownPeople(app, clock)
  const writes: string[] = []
  const watched = app.db.withPlugin({
    transformQuery({ node }) {
      if (node.kind !== 'SelectQueryNode') writes.push(JSON.stringify([node.kind, 'into' in node ? node.into : '']))
      return node
    },
    transformResult: async ({ result }) => result,
  })
  const api = door({ ...app, db: watched })
  const work = new Map<string, string[]>()
  for (const who of people) {
    writes.length = 0
    expect((await api.post('/api/v1/subscriptions', addressOf(who))).status).toBe(202)
    work.set(who, [...writes])
  }
  expect(work.get('active')?.length).toBeGreaterThan(5)
  for (const who of people) expect(work.get(who), who).toEqual(work.get('active'))
})

story('whoever is behind an address, each answer waits its time once', async ({ app, clock }) => {
  await knownPeople(app, clock)
  const pauses: number[] = []
  const api = door(app, async (ms) => pauses.push(ms))
  const sent = /\b\d{6}\b/.exec((await posted(app)).find(({ address }) => address.startsWith('+'))?.text ?? '')?.[0]
  const wrong = sent === '000000' ? '111111' : '000000'
  const asks = [
    ...people.flatMap((who) => [
      ['/api/v1/subscriptions', addressOf(who), 202] as const,
      ['/api/v1/subscriptions/again', addressOf(who), 202] as const,
    ]),
    // A number that was asked for its code, and one that never was.
    ...['+86 138 0013 8000', '+86 139 0013 8000'].map(
      (address) => ['/api/v1/subscriptions/code', { channel: 'sms', address, code: wrong }, 422] as const,
    ),
  ]
  for (const [path, body, status] of asks) {
    pauses.length = 0
    expect((await api.post(path, body)).status).toBe(status)
    expect(pauses, `${path} ${body.address}`).toEqual([evenAfterMs])
  }
})
