import { setImmediate } from 'node:timers/promises'
import type { App } from '#api/app.ts'
import { byteOrderMark, csvLine } from '#api/lib/csv.ts'
import { shownAddress } from '#api/subscribers/address.ts'
import { channelsOf, type ExportedLine, exportPage, updateNumbers } from './export-queries.ts'
import { noticesOf } from './ledger-queries.ts'

/** Rows read and written in one piece. */
const pageSize = 500

const head = [
  'update',
  'channel',
  'address',
  'language',
  'state',
  'reason',
  'attempts',
  'possible_duplicate',
  'written_at',
  'sent_at',
  'changed_at',
  'provider_id',
]

/**
 * The ledger of an incident, or of one of its updates, as CSV in pieces: however many rows there are, memory holds one
 * piece. Addresses are masked for whoever may not see them, in reasons too.
 */
export async function* exportLedger(
  app: App,
  { incidentId, updateId, masked }: { incidentId: string; updateId?: string | undefined; masked: boolean },
): AsyncGenerator<string> {
  yield byteOrderMark + csvLine(head)
  const numbers = new Map((await updateNumbers(app.db, incidentId)).map(({ id, number }) => [id, number]))
  for (const notice of await noticesOf(app.db, incidentId, updateId))
    for (const channel of await channelsOf(app.db, notice.id))
      for (let afterId = ''; ; ) {
        const rows = await exportPage(app.db, { noticeId: notice.id, channel, afterId }, pageSize)
        if (rows.length)
          yield rows.map((row) => lineOf(row, numbers.get(notice.updateId ?? '') ?? null, masked)).join('')
        if (rows.length < pageSize) break
        afterId = rows.at(-1)!.subscriberId
        // SQLite reads on this thread: whoever else knocks is answered between two pieces.
        await setImmediate()
      }
}

function lineOf(row: ExportedLine, update: number | null, masked: boolean): string {
  const address = shownAddress(row.address, !masked)
  return csvLine([
    update,
    row.channel,
    address,
    row.locale,
    row.state,
    row.reason?.replaceAll(row.address, address) ?? null,
    row.attempts ?? 0,
    row.possibleDuplicate ? 'yes' : 'no',
    row.createdAt,
    row.sentAt,
    row.updatedAt,
    row.providerId,
  ])
}
