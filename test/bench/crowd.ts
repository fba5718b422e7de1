import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { createComponent, createGroup } from '#api/components/actions.ts'
import { readCompany, readEvening } from '#api/demo/company.ts'
import { openIncident } from '#api/incidents/actions.ts'
import { newId } from '#api/lib/ids.ts'
import { dayMs, minuteMs, plusMs } from '#api/lib/time.ts'

const rowsPerInsert = 500
/** Rows written in one transaction, while nobody else is at work. */
const rowsPerCommit = 20_000
/** One reader in seven reads English, as in the demonstration. */
const englishEvery = 7

/** The components of the demonstration company, by key, in an empty record. */
export async function openCompany(app: App): Promise<Record<string, string>> {
  const components: Record<string, string> = {}
  for (const { name, components: members } of readCompany().groups) {
    const group = await createGroup(app, system, { name })
    for (const { key, ...component } of members) {
      const made = await createComponent(app, system, { ...component, groupId: group.id, startDate: '2020-01-01' })
      components[key] = made.id
    }
  }
  return components
}

/** So many people who follow everything by mail. */
export async function insertCrowd(app: App, people: number): Promise<void> {
  const at = plusMs(app.now(), -dayMs)
  for (let done = 0; done < people; )
    await app.db.transaction().execute(async (trx) => {
      for (const until = Math.min(done + rowsPerCommit, people); done < until; ) {
        const some = Math.min(rowsPerInsert, until - done)
        const rows = Array.from({ length: some }, (_, i) => ({
          id: newId(),
          channel: 'email',
          address: `reader.${done + i}@mail.example`,
          locale: (done + i) % englishEvery ? ('zh-CN' as const) : ('en' as const),
          everything: 1,
          generation: 1,
          createdAt: at,
          confirmedAt: at,
          closedAt: null,
          closedReason: null,
          consentAt: at,
          consentWording: 'email-1',
        }))
        await trx.insertInto('subscriber').values(rows).execute()
        done += some
      }
    })
}

/** The first word of the demonstration's evening, U1, published now: it goes to everybody. */
export async function publishU1(app: App, components: Record<string, string>): Promise<string> {
  const { title, severity, impact, scope, notAffected, workaround, updates } = readEvening()
  const { en, 'zh-CN': zh, status, components: effects } = updates[0]!
  const opened = await openIncident(app, system, {
    title,
    severity,
    impact,
    scope,
    notAffected,
    workaround,
    status,
    components: Object.entries(effects).map(([key, effect]) => ({ id: components[key]!, status: effect })),
    body: { en, 'zh-CN': zh },
    nextUpdateAt: plusMs(app.now(), 15 * minuteMs),
  })
  return opened.id
}
