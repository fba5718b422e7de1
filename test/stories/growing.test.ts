import { CompiledQuery, type KyselyPlugin } from 'kysely'
import { expect, test } from 'vitest'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { dayMs, hourMs, plusMs } from '#api/lib/time.ts'
import { announceMaintenance } from '#api/maintenance/actions.ts'
import { fillHistory } from '../bench/history.ts'
import { inMinutes, lin } from '../support/services.ts'
import { openSite } from '../support/site.ts'
import { both, spoken } from '../support/statements.ts'
import { openStage } from '../support/story.ts'

/** Tables whose length is the company's size, not its past. */
const ofToday = ['component', 'component_group']

// SQLite says before it answers whether it will look through a whole table; what PostgreSQL does depends on how much is
// in it, and is measured.
test('what is published is found without looking through the past, however long that is', async () => {
  const { app, clock, close } = await openStage('sqlite')
  const asked = new Map<string, readonly unknown[]>()
  const listener: KyselyPlugin = {
    transformQuery({ node }) {
      const { sql, parameters } = app.db.getExecutor().compileQuery(node, { queryId: 'listener' })
      asked.set(sql, parameters)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const [orders = ''] = await fillHistory(app, { components: 4, incidents: 20 })
  const site = await openSite({ ...app, db: app.db.withPlugin(listener) })
  asked.clear()
  try {
    const incident = await openIncident(app, lin, {
      title: both('Orders fail.', '无法下单。'),
      severity: 1,
      status: 'investigating',
      components: [{ id: orders, status: 'major_outage' }],
      body: both('We are looking.', '正在排查。'),
      nextUpdateAt: inMinutes(app, 20),
    })
    await site.publisher.publishChanges()
    await spoken(app, incident.id)
    await site.publisher.publishChanges()
    await announceMaintenance(app, lin, {
      title: both('New storage', '更换存储'),
      body: both('Short pauses.', '短暂停顿。'),
      componentIds: [orders],
      startsAt: plusMs(app.now(), 3 * dayMs),
      endsAt: plusMs(app.now(), 3 * dayMs + hourMs),
    })
    await site.publisher.publishChanges()
    clock.set(inMinutes(app, 25))
    await site.publisher.tick()
    await publishUpdate(app, lin, incident.id, { status: 'resolved', body: both('It is over.', '已恢复。') })
    await site.publisher.publishChanges()

    const through: string[] = []
    for (const [sql, parameters] of asked) {
      const plan = CompiledQuery.raw(`explain query plan ${sql}`, [...parameters])
      for (const { detail } of (await app.db.executeQuery<{ detail: string }>(plan)).rows) {
        const [, table = '', how = ''] = /^SCAN (\S+)(.*)/.exec(detail) ?? []
        const firstOfMany = / USING (COVERING )?INDEX /.test(how) && / limit \?$/.test(sql)
        if (table && !ofToday.includes(table) && !firstOfMany) through.push(`${detail}: ${sql}`)
      }
    }
    expect(asked.size).toBeGreaterThan(50)
    expect(through).toEqual([])
  } finally {
    await site.stop()
    await close()
  }
})
