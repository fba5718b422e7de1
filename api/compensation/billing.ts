import type { App } from '#api/app.ts'
import { signatureHeaders } from '#api/channels/webhook/sign.ts'
import type { Row } from '#api/db/schema.ts'
import { realClock } from '#api/lib/clock.ts'
import { type Outgoing, OutgoingFailed, openOutgoing, retryAfterOf } from '#api/lib/outgoing.ts'
import { plusMs, secondMs, toMs } from '#api/lib/time.ts'
import { crashPoint } from '#api/notices/crash.ts'
import { afterAnswer } from './billing-message.ts'
import { nextExportAt, saveExport, takeDue } from './billing-queries.ts'

/** Messages to billing that are sent in one go. */
const roundSize = 10

/** When billing is next told something; null when nothing waits, or it reads files. */
export const nextBillingAt = async (app: App) => (app.config.billing ? nextExportAt(app.db) : null)

/**
 * Tells billing what is due: one signed request for each claim, whose id is the key at every attempt. No transaction is
 * open meanwhile; a process that dies leaves a lease that ends, and the next attempt bears the same key and the same
 * bytes. True when something was sent or tried.
 */
export async function sendToBilling(app: App): Promise<boolean> {
  const { billing, outgoingLocal } = app.config
  if (!billing || app.health.trouble) return false
  const next = await nextExportAt(app.db)
  if (next === null || next > app.now()) return false
  const due = await takeDue(app.db, app.now(), roundSize)
  if (!due.length) return false
  const outgoing = openOutgoing({ local: outgoingLocal })
  try {
    for (const message of due) await sendOne(app, outgoing, billing, message)
  } finally {
    await outgoing.close()
  }
  return true
}

async function sendOne(
  app: App,
  outgoing: Outgoing,
  billing: { url: string; secrets: string[] },
  { key, body, attempts }: Row<'billingExport'>,
): Promise<void> {
  // A receiver compares a signature's time with its own clock, which knows nothing of one that was moved.
  const headers = signatureHeaders(billing.secrets, key, Math.floor(toMs(realClock.now()) / secondMs), body)
  const answer = await outgoing.post(billing.url, body, { ...headers, 'idempotency-key': key }).then(
    (read) => ({ status: read.status, retryAfterSeconds: retryAfterOf(read, toMs(app.now())) }),
    (error: unknown) => {
      if (error instanceof OutgoingFailed) return { failed: error.message }
      throw error
    },
  )
  crashPoint(app, 'after-bill')
  const now = app.now()
  const then = afterAnswer(attempts, answer)
  if (then.state === 'sent')
    await saveExport(app.db, key, { state: 'sent', sentAt: now, lastOutcome: null, leaseUntil: null })
  else if (then.state === 'dead') {
    await saveExport(app.db, key, { state: 'dead', lastOutcome: then.outcome, leaseUntil: null })
    app.log('error', 'billing.given-up', { outcome: then.outcome })
  } else
    await saveExport(app.db, key, {
      lastOutcome: then.outcome,
      nextAttemptAt: plusMs(now, then.waitMs),
      leaseUntil: null,
    })
}
