import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { createComponent, createGroup } from '#api/components/actions.ts'
import type { Trx } from '#api/db/connect.ts'
import { tableOf } from '#api/db/rows.ts'
import type { NewRow } from '#api/db/schema.ts'
import { toJson } from '#api/lib/json.ts'
import { dayMs, hourMs, minuteMs, toInstant, toMs } from '#api/lib/time.ts'

/** Components that one group holds, and incidents that are written in one transaction. */
const groupSize = 20
const chunk = 1_000
/** How many incidents one month of the past holds: a page that is used a lot. */
export const incidentsPerMonth = 100
const monthMs = 30 * dayMs

const texts = {
  title: (n: number) => toJson({ en: `Some requests were slow (${n}).`, 'zh-CN': `部分请求缓慢（${n}）。` }),
  first: toJson({ en: 'Some requests are slow. We are investigating.', 'zh-CN': '部分请求缓慢，正在排查。' }),
  last: toJson({ en: 'Everything answers at its usual speed again.', 'zh-CN': '已恢复正常速度。' }),
  none: toJson({}),
}

type Tables = 'incident' | 'incidentUpdate' | 'updateEffect' | 'statusInterval' | 'outbox' | 'audit'

/**
 * Writes components and so many resolved incidents, one after the other up to now, as publishing them would have: rows
 * at once instead of one action each. Answers the ids of the components.
 */
export async function fillHistory(app: App, size: { components: number; incidents: number }): Promise<string[]> {
  const components: string[] = []
  while (components.length < size.components) {
    const number = components.length / groupSize + 1
    const group = await createGroup(app, system, { name: { en: `Group ${number}`, 'zh-CN': `第 ${number} 组` } })
    for (let i = 0; i < groupSize && components.length < size.components; i++) {
      const name = { en: `Service ${components.length + 1}`, 'zh-CN': `服务 ${components.length + 1}` }
      const made = await createComponent(app, system, { name, groupId: group.id, core: false, startDate: '2020-01-01' })
      components.push(made.id)
    }
  }
  const nowMs = toMs(app.now())
  const stepMs = monthMs / incidentsPerMonth
  for (let from = 0; from < size.incidents; from += chunk)
    await app.db.transaction().execute(async (trx) => {
      const rows = rowsOf(
        components,
        from,
        Math.min(size.incidents, from + chunk),
        (n) => nowMs - hourMs - (size.incidents - n) * stepMs,
      )
      for (const [table, list] of Object.entries(rows)) await insertAll(trx, table as Tables, list)
    })
  const revision = await app.db
    .selectFrom('outbox')
    .select((eb) => eb.fn.max('seq').as('last'))
    .executeTakeFirstOrThrow()
  await app.db
    .updateTable('meta')
    .set({ value: String(revision.last) })
    .where('key', '=', 'revision')
    .execute()
  return components
}

/** Rows of one table with one short statement, on either engine. */
async function insertAll(trx: Trx, table: Tables, rows: NewRow<Tables>[]): Promise<void> {
  const columns = Object.fromEntries(
    Object.entries(rows[0]!).map(([name, value]) => [
      name,
      typeof value === 'number' || /^(notify|number|severity|seq)$/.test(name) ? 'integer' : 'text',
    ]),
  ) as Record<string, 'text' | 'integer'>
  const names = Object.keys(columns)
  await trx
    .insertInto(table)
    .columns(names as never)
    .expression(
      () =>
        trx.selectFrom(tableOf(trx, 'given', columns as never, rows as never) as never).select(names as never) as never,
    )
    .execute()
}

function rowsOf(components: string[], from: number, to: number, startOf: (n: number) => number) {
  const rows: { [T in Tables]: NewRow<T>[] } = {
    incident: [],
    incidentUpdate: [],
    updateEffect: [],
    statusInterval: [],
    outbox: [],
    audit: [],
  }
  for (let n = from; n < to; n++) {
    const key = n.toString(36).padStart(8, '0')
    const [id, first, last] = [`inci${key}`, `upda${key}`, `updb${key}`]
    const startMs = startOf(n)
    const [startedAt, endedAt] = [toInstant(startMs), toInstant(startMs + 45 * minuteMs)]
    const componentId = components[n % components.length]!
    const status = n % 3 ? 'degraded_performance' : 'partial_outage'
    rows.incident.push({
      id,
      code: (n + 36 ** 5).toString(36),
      severity: 2,
      advisory: 0,
      status: 'resolved',
      impact: 'major',
      title: texts.title(n),
      scope: texts.none,
      notAffected: texts.none,
      workaround: texts.none,
      occurredAt: null,
      detectedAt: null,
      startedAt,
      endedAt: null,
      nextUpdateAt: null,
      createdAt: startedAt,
      createdBy: 'system',
      resolvedAt: endedAt,
      resolvedBy: 'system',
    })
    const update = { incidentId: id, severity: 2, nextUpdateAt: null, correctsId: null, notify: 0, createdBy: 'system' }
    rows.incidentUpdate.push(
      { ...update, id: first, number: 1, status: 'investigating', body: texts.first, createdAt: startedAt },
      { ...update, id: last, number: 2, status: 'resolved', body: texts.last, createdAt: endedAt },
    )
    rows.updateEffect.push(
      { updateId: first, componentId, oldStatus: 'operational', newStatus: status },
      { updateId: last, componentId, oldStatus: status, newStatus: 'operational' },
    )
    rows.statusInterval.push({
      id: `span${key}`,
      componentId,
      incidentId: id,
      updateId: first,
      status,
      startedAt,
      endedAt,
    })
    for (const [i, updateId, at] of [
      [0, first, startedAt],
      [1, last, endedAt],
    ] as const) {
      const seq = 1_000_000 + n * 2 + i
      rows.outbox.push({
        seq,
        kind: 'incident.updated',
        incidentId: id,
        updateId,
        audience: null,
        createdAt: at,
        takenAt: at,
      })
      const row = { at, actorId: 'system', action: 'incident.updated', subjectId: id, before: null, after: null }
      rows.audit.push({ id: `aud${i}${key}`, ...row })
    }
  }
  return rows
}
