import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'vitest'
import { childEnvironment } from '#api/config.ts'
import { commitImport, nameColumns } from '#api/customers/import-actions.ts'
import { findImport } from '#api/customers/import-queries.ts'
import { openIncident } from '#api/incidents/actions.ts'
import type { CrashPoint } from '#api/notices/crash.ts'
import { handIn, importer, readIn } from '../support/importing.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { type Stage, story } from '../support/story.ts'

const within = { timeout: 60_000, interval: 50 }

/** A worker of its own on this record, which dies at a point, or is ended once something is so. */
async function work(
  { env }: Pick<Stage, 'env'>,
  crashAt: CrashPoint | null,
  until: () => Promise<boolean>,
): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/worker-child.ts')], {
    env: childEnvironment({ ...env, ...(crashAt ? { CRASH_AT: crashAt } : {}) }),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const exit = once(child, 'exit')
  try {
    if (crashAt) expect((await exit)[1]).toBe('SIGKILL')
    else await expect.poll(until, within).toBe(true)
  } finally {
    child.kill('SIGKILL')
    await exit
  }
}

const customers = 400
const numbers = Array.from({ length: customers }, (_, i) => `K-${1_000 + i}`)

story(
  'killed while it reads or writes a file, the program goes on where it was: nothing twice, nothing lost',
  async (stage) => {
    const { app } = stage
    const { orders } = await openServices(app)
    const state = async (id: string) => (await findImport(app.db, id))!.state
    const never = async () => false
    const registered = () => app.db.selectFrom('customer').select(['externalId']).orderBy('externalId').execute()

    const file = await readIn(
      app,
      `customer_id,name\n${numbers.map((number) => `${number},Shop ${number}\n`).join('')}`,
    )
    await commitImport(app, importer, file.id)
    await work(stage, 'mid-commit', never)
    expect((await registered()).length).toBeLessThan(customers)
    expect(await state(file.id)).toBe('committing')
    await work(stage, null, async () => (await state(file.id)) === 'committed')
    expect((await registered()).map(({ externalId }) => externalId)).toEqual(numbers)

    const { id: incidentId } = await openIncident(app, lin, {
      title: { en: 'Orders fail.' },
      severity: 1,
      status: 'investigating',
      components: [{ id: orders, status: 'major_outage' }],
      body: { en: 'We are looking.' },
      nextUpdateAt: inMinutes(app, 30),
      notify: false,
    })
    const list = await handIn(app, `customer_id\n${numbers.join('\n')}\nK-1000\n`, incidentId)
    await nameColumns(app, importer, list.id, { columns: ['customer_id'], currency: 'CNY' })
    await work(stage, 'mid-import', never)
    const half = (await findImport(app.db, list.id))!
    expect(half).toMatchObject({ state: 'reading' })
    expect(half.rows).toBeGreaterThan(0)
    expect(half.rows).toBeLessThan(customers)
    // Half of it lies in the record, and not one of them counts as affected.
    expect(await app.db.selectFrom('affectedList').select('id').execute()).toEqual([])
    await work(stage, null, async () => (await state(list.id)) === 'read')
    await commitImport(app, importer, list.id)
    const [counted] = await app.db.selectFrom('affectedList').selectAll().execute()
    const rows = await app.db.selectFrom('affectedCustomer').selectAll().where('listId', '=', counted!.id).execute()
    expect([counted!.rows, rows.length]).toEqual([customers, customers])
    expect(await findImport(app.db, list.id)).toMatchObject({ duplicates: 1, rows: customers + 1 })
  },
)
