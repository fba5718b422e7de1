import type { App } from '#api/app.ts'
import { type Actor, record, system } from '#api/audit/audit.ts'
import { closeAddress } from './closing-queries.ts'
import type { Keyword } from './keywords.ts'
import { changeSubscriber, findByAddress, firstTime, liftSuppression, suppress } from './queries.ts'

/** A text message that came in, read and verified. */
interface Heard {
  /** The provider's id: the same message delivered twice is heard once. */
  messageId: string
  /** E.164. */
  from: string
  keyword: Keyword | null
}

/**
 * Does what an incoming text asks for. STOP ends the messages and keeps the number from getting any, whoever
 * subscribes it; START lifts that, and somebody who had confirmed hears from us again; HELP is written down, the
 * provider answers it. Anything else changes nothing.
 */
export async function hear(app: App, heard: Heard): Promise<void> {
  const now = app.now()
  const { from: address, keyword } = heard
  await app.db.transaction().execute(async (trx) => {
    if (!(await firstTime(trx, now, `inbound:${heard.messageId}`)) || !keyword) return
    const subscriber = await findByAddress(trx, 'sms', address)
    const actor: Actor = subscriber ? { id: subscriber.id, roles: [] } : system
    const subject = subscriber?.id ?? heard.messageId
    if (keyword === 'help') return record(trx, now, actor, 'subscriber.askedForHelp', subject)
    if (keyword === 'stop') {
      await suppress(trx, now, { channel: 'sms', address, reason: 'stop', source: 'subscriber' })
      await record(trx, now, actor, 'subscriber.stopped', subject)
      return closeAddress(trx, now, { channel: 'sms', address, reason: 'stop' }, actor)
    }
    await liftSuppression(trx, 'sms', address)
    await record(trx, now, actor, 'subscriber.started', subject)
    if (subscriber?.confirmedAt && subscriber.closedAt)
      await changeSubscriber(trx, subscriber.id, {
        confirmedAt: now,
        closedAt: null,
        closedReason: null,
        consentAt: now,
      })
  })
}
