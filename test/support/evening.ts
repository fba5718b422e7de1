import type { App } from '#api/app.ts'
import { readEvening } from '#api/demo/company.ts'
import { at } from '#api/demo/told.ts'
import { changeFacts, openIncident, publishUpdate } from '#api/incidents/actions.ts'
import type { ManualClock } from '#api/lib/clock.ts'
import { lin, type openServices } from './services.ts'

/**
 * The demonstration's evening, word for word and minute by minute, on a small company. `before` is told of each update
 * ("21:05") before it is published, and of the incident from the second one on. Returns the incident's id.
 */
export async function playEvening(
  app: App,
  clock: ManualClock,
  services: Awaited<ReturnType<typeof openServices>>,
  { notify = true, before }: { notify?: boolean; before?: (time: string, incidentId: string) => Promise<void> } = {},
): Promise<string> {
  const evening = readEvening()
  const time = (text: string) => at(app, evening.date, text)
  const ids: Record<string, string> = services
  let id = ''
  for (const update of evening.updates) {
    if (id) await before?.(update.at, id)
    clock.set(time(update.at))
    const said = {
      status: update.status,
      body: { en: update.en, 'zh-CN': update['zh-CN'] },
      components: Object.entries(update.components).map(([key, status]) => ({ id: ids[key]!, status })),
      nextUpdateAt: update.next ? time(update.next) : null,
      notify,
    }
    if (!id) {
      const { severity, title, scope, notAffected, workaround } = evening
      const facts = { severity, title, scope, notAffected, workaround, startedAt: time(evening.started) }
      id = (await openIncident(app, lin, { ...said, ...facts }, { code: evening.code! })).id
      await changeFacts(app, lin, id, { occurredAt: time(evening.occurred!), detectedAt: time(evening.detected!) })
      continue
    }
    const effectiveAt = update.effective && time(update.effective)
    const ends = update.status === 'resolved' && effectiveAt ? { endedAt: effectiveAt } : {}
    if (update.facts || effectiveAt) await changeFacts(app, lin, id, { ...update.facts, ...ends })
    await publishUpdate(app, lin, id, said, effectiveAt ? { effectiveAt } : {})
  }
  return id
}
