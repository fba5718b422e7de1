import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Kysely, sql } from 'kysely'
import { afterAll, expect, inject, it } from 'vitest'
import { postgresDialect } from './postgres.ts'

const connectWithinMs = 700
const busyMs = 900
const limits = { connections: 1, connectWithinMs }
const opened: Kysely<unknown>[] = []
afterAll(() => Promise.all(opened.map((db) => db.destroy())))

function open(url: string, more: Parameters<typeof postgresDialect>[1] = {}): Kysely<unknown> {
  const db = new Kysely<unknown>({ dialect: postgresDialect(url, { ...limits, ...more }) })
  opened.push(db)
  return db
}

const sleepLong = (db: Kysely<unknown>) => sql`select pg_sleep(${busyMs / 1_000})`.execute(db)
const quick = (db: Kysely<unknown>) => sql`select 1`.execute(db)

it('a query waits for a busy connection longer than a connection may take to open', async () => {
  const db = open(inject('postgres'))
  const [, answered] = await Promise.all([sleepLong(db), quick(db)])
  expect(answered.rows).toHaveLength(1)
})

it('says that all connections are busy, and not that the database cannot be reached', async () => {
  const db = open(inject('postgres'), { freeWithinMs: 100 })
  const [, failed] = await Promise.allSettled([sleepLong(db), quick(db)])
  expect(failed).toMatchObject({ reason: { message: 'All 1 connections to the database were busy for 0.1 seconds.' } })
})

it('a server that says nothing is given up when a connection should be open, however long one may wait for a free one', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  await expect(quick(open(`postgres://candor@127.0.0.1:${port}/candor`))).rejects.toThrow('timeout expired')
  silent.close()
})
