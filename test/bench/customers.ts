import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, openApp } from '#api/app.ts'
import { type Actor, system } from '#api/audit/audit.ts'
import { createComponent, createGroup } from '#api/components/actions.ts'
import { readConfig } from '#api/config.ts'
import { commitImport, nameColumns } from '#api/customers/import-actions.ts'
import { findImport } from '#api/customers/import-queries.ts'
import { receiveFile } from '#api/customers/receive.ts'
import { workOnImports } from '#api/customers/work.ts'
import { migrate, writeLock } from '#api/db/connect.ts'
import type { ImportKind } from '#api/db/schema.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { plusMs } from '#api/lib/time.ts'
import type { Figures } from './figures.ts'

const actor: Actor = { ...system, id: 'bench' }

/** A file as it comes in: made while it is read, so that the bench itself holds none of it. */
async function* fileOf(head: string, people: number, row: (at: number) => string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${head}\n`)
  for (let at = 0; at < people; at += 500)
    yield Buffer.from(Array.from({ length: Math.min(500, people - at) }, (_, i) => `${row(at + i)}\n`).join(''))
}

/** Hands a file in, has it read and commits it: seconds, megabytes and the longest hold of the lock for each. */
async function importOne(
  app: App,
  what: string,
  kind: ImportKind,
  incidentId: string | null,
  file: AsyncGenerator<Uint8Array>,
) {
  const figures: Figures = {}
  let mostBytes = 0
  const look = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage().rss)
  }, 20)
  const lock = writeLock(app.db) as { longestMs: number }
  const timed = async (name: string, run: () => Promise<unknown>) => {
    lock.longestMs = 0
    const [startedAt, cpu] = [performance.now(), process.cpuUsage()]
    await run()
    const used = process.cpuUsage(cpu)
    figures[`${what}: ${name}`] = { value: (performance.now() - startedAt) / 1_000, unit: 's', reach: null }
    figures[`${what}: ${name}, processor`] = { value: (used.user + used.system) / 1e6, unit: 's', reach: null }
    figures[`${what}: ${name}, longest hold of the lock`] = { value: lock.longestMs, unit: 'ms', reach: 10 }
  }
  let id = ''
  await timed('handed in', async () => {
    id = (await receiveFile(app, actor, { kind, incidentId, fileName: 'bench.csv' }, file)).id
  })
  const { mapping } = (await findImport(app.db, id))!
  await nameColumns(app, actor, id, { columns: JSON.parse(mapping ?? '[]'), currency: 'CNY' })
  const work = async () => {
    while (await workOnImports(app));
  }
  await timed('read', work)
  await timed('committed', async () => {
    await commitImport(app, actor, id)
    await work()
  })
  clearInterval(look)
  figures[`${what}: memory of the process at the most`] = { value: mostBytes / 2 ** 20, unit: 'MB', reach: 250 }
  const { accepted } = (await findImport(app.db, id))!
  figures[`${what}: rows that count`] = { value: accepted, unit: 'rows', reach: null }
  return figures
}

/** So many customers from a file into the registry, and so many of them as affected by an incident, on SQLite. */
export async function measureCustomers(people: number, say: (line: string) => void): Promise<Figures> {
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-bench-'))
  const app = openApp(readConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'silent' }, 'test'))
  try {
    await migrate(app.db)
    const group = await createGroup(app, actor, { name: { en: 'All' } })
    const name = { en: 'Orders' }
    const orders = await createComponent(app, actor, { groupId: group.id, name, core: true, startDate: '2026-01-01' })
    const { id: incidentId } = await openIncident(app, actor, {
      title: { en: 'Orders fail.' },
      severity: 1,
      status: 'investigating',
      components: [{ id: orders.id, status: 'major_outage' }],
      body: { en: 'We are looking.' },
      nextUpdateAt: plusMs(app.now(), 1_800_000),
      notify: false,
    })
    say(`Importing ${people} customers …`)
    const customers = fileOf(
      'customer_id,name,plan,region,monthly_fee,email,components',
      people,
      (at) => `C-${1_000_000 + at},Shop ${at},Basic,CN-East,"1,299.00",shop${at}@customers.example,Orders`,
    )
    const first = await importOne(app, 'Customers', 'customers', null, customers)
    say(`Importing ${people} affected customers …`)
    const affected = fileOf('customer_id,minutes,fee', people, (at) => `C-${1_000_000 + at},89,399.00`)
    return { ...first, ...(await importOne(app, 'Affected', 'affected', incidentId, affected)) }
  } finally {
    await app.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
