import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { type App, openApp } from '#api/app.ts'
import { approveOffer, requestApproval } from '#api/compensation/approval-actions.ts'
import { importCodes } from '#api/compensation/code-actions.ts'
import { offerCompensation } from '#api/compensation/offer-actions.ts'
import { findOffer } from '#api/compensation/offer-queries.ts'
import { readConfig } from '#api/config.ts'
import { discardList } from '#api/customers/affected-actions.ts'
import { holdIncident } from '#api/incidents/queries.ts'
import { addCustomers, addList, coupon, gao, sun } from '../support/customers.ts'
import { story } from '../support/story.ts'
import { lin, openServices, ordersDown } from '../support/telling.ts'

/** Waits until so many transactions wait for each other, on a server that tells. */
async function waiting(app: App, count: number): Promise<void> {
  for (let looks = 0; looks < 200; looks++) {
    const query = sql<{ count: string }>`select count(*) as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`
    const { rows } = await query.execute(app.db)
    if (Number(rows[0]?.count) >= count) return
    await pause(20)
  }
}

story(
  'a list is taken back or an offer is made from it, whoever of two people at once comes first',
  async ({ app, engine, env }) => {
    const incident = await ordersDown(app, await openServices(app))
    const ids = await addCustomers(app, [{}, {}])
    const tries = [true, false].map((offerFirst) => ({ offerFirst }))
    for (const { offerFirst } of tries) {
      const listId = await addList(app, incident.id, ids)
      const { id } = await offerCompensation(
        app,
        lin,
        incident.id,
        coupon(listId, { basis: offerFirst ? 'sla' : 'goodwill' }),
      )
      const ask = () => requestApproval(app, lin, id)
      const drop = () => discardList(app, lin, listId)
      const both: (() => Promise<void>)[] = offerFirst ? [ask, drop] : [drop, ask]
      const started: Promise<void>[] = []
      const begin = async () => {
        for (const [at, act] of both.entries()) {
          started.push(act())
          started.at(-1)!.catch(() => {})
          if (engine === 'postgres') await waiting(app, at + 1)
        }
      }
      if (engine === 'postgres') {
        // Somebody holds the incident, so that both have begun and neither is through.
        const holder = openApp(readConfig(env, 'test'))
        await holder.db.transaction().execute(async (trx) => {
          await holdIncident(trx, incident.id)
          await begin()
        })
        await holder.close()
      } else await begin()
      const [first, second] = await Promise.allSettled(started)
      const list = await app.db
        .selectFrom('affectedList')
        .selectAll()
        .where('id', '=', listId)
        .executeTakeFirstOrThrow()
      const { state } = (await findOffer(app.db, id))!
      expect([state, list.discardedAt !== null], `${offerFirst}`).not.toEqual(['pending_approval', true])
      expect([first!.status, second!.status].sort()).toEqual(['fulfilled', 'rejected'])
    }
  },
)

story('of two who write, approve or fill the same offer at once, one does', async ({ app }) => {
  const incident = await ordersDown(app, await openServices(app))
  await addCustomers(
    app,
    Array.from({ length: 200 }, () => ({})),
  )
  const many = <T>(act: () => Promise<T>) => Promise.allSettled(Array.from({ length: 8 }, act))
  const won = <T>(all: PromiseSettledResult<T>[]) => all.filter(({ status }) => status === 'fulfilled')
  expect(won(await many(() => offerCompensation(app, lin, incident.id, coupon(null))))).toHaveLength(1)
  const { id } = await app.db.selectFrom('offer').select('id').executeTakeFirstOrThrow()
  expect(won(await many(() => requestApproval(app, lin, id)))).toHaveLength(1)
  const hash = (await findOffer(app.db, id))!.requestedHash!
  expect(won(await many(() => approveOffer(app, sun, id, hash)))).toHaveLength(1)
  const given = await app.db.selectFrom('offerApproval').select('personId').execute()
  expect(given).toEqual([{ personId: 'sun' }])
  const lists = await many(() => importCodes(app, gao, id, 'A-1\nA-2\nA-3'))
  expect(won(lists)).toHaveLength(8)
  expect(lists.map((one) => (one.status === 'fulfilled' ? one.value.accepted : 0)).sort()).toEqual([
    0, 0, 0, 0, 0, 0, 0, 3,
  ])
})
