import { setTimeout as pause } from 'node:timers/promises'
import { openApp } from '#api/app.ts'
import { record, system } from '#api/audit/audit.ts'
import { holdOffer } from '#api/compensation/offer-queries.ts'
import { readConfig } from '#api/config.ts'
import { newId } from '#api/lib/ids.ts'
import { percentile } from './figures.ts'

// Somebody else who writes into the record, in a process of its own: every few milliseconds one short transaction as a
// customer who claims makes it, which holds the newest offer's row. Each line on its standard input is answered with
// how long such transactions took since the last.
const everyMs = 20
const app = openApp(readConfig(process.env, 'test'))
let waits: number[] = []

process.stdin.setEncoding('utf8').on('data', () => {
  const report = { written: waits.length, p99: percentile(waits, 0.99), longest: Math.max(0, ...waits) }
  waits = []
  process.stdout.write(`${JSON.stringify(report)}\n`)
})
process.stdin.on('end', () => process.exit(0))

for (;;) {
  const since = performance.now()
  const offer = await app.db.selectFrom('offer').select('id').orderBy('createdAt', 'desc').limit(1).executeTakeFirst()
  await app.db.transaction().execute(async (trx) => {
    if (offer) await holdOffer(trx, offer.id)
    await record(trx, app.now(), system, 'offer.changed', newId())
  })
  waits.push(performance.now() - since)
  await pause(everyMs)
}
