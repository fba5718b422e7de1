import type { Row } from '#api/db/schema.ts'
import { type Instant, minuteMs, toMs } from '#api/lib/time.ts'

/** One update of an incident with the notice that tells of it, if any does. */
export interface ToldUpdate {
  updateId: string
  number: number
  correctsId: string | null
  notice: Pick<Row<'notice'>, 'id' | 'kind' | 'audience' | 'createdAt' | 'expandedAt' | 'heldAt' | 'endedAt'> | null
}

/** A word that everybody is owed: that something began, that it is over, and the report that was promised then. */
type Owed = 'first' | 'resolved' | 'report'

/** How long an older notice waits for a newer one to find its recipients: a million take less than a minute. */
const waitMsMax = 10 * minuteMs

/** The words that an update stands for: its own, and those of the update it corrects. */
function owedBy(updates: readonly ToldUpdate[], update: ToldUpdate): Set<Owed> {
  const owed = new Set<Owed>()
  const seen = new Set<string>()
  for (let at: ToldUpdate | undefined = update; at && !seen.has(at.updateId); ) {
    const { notice, number, correctsId, updateId }: ToldUpdate = at
    seen.add(updateId)
    const first = !updates.some((other) => other.notice && other.number < number)
    if (notice && (first || notice.kind === 'incident.opened')) owed.add('first')
    if (notice?.kind === 'incident.resolved') owed.add('resolved')
    if (notice?.kind === 'incident.reported') owed.add('report')
    at = updates.find((other) => other.updateId === correctsId)
  }
  return owed
}

/**
 * The updates whose notices make the notice of this one old, the newest first: for whoever is told of them, on the same
 * channel, it is not sent when it still waits.
 *
 * Every update tells the whole state of its incident, so a newer one replaces an older one. Three words are owed to
 * everybody and go all the same: the first, that it is resolved, and the report. Such a notice is replaced by its own successor
 * alone, one that carries the same word: the update that corrects it (or corrects its correction), and for a resolved
 * one also the resolved notice of an incident that had begun again. Beginning again is no successor: it is heard after.
 * A notice that is held or was ended by a person replaces nothing, because it may never be sent.
 */
export function newerThan(updates: readonly ToldUpdate[], noticeId: string): ToldUpdate[] {
  const older = updates.find(({ notice }) => notice?.id === noticeId)
  if (!older) return []
  const owed = [...owedBy(updates, older)]
  return updates
    .filter(({ number, notice }) => number > older.number && notice && !notice.heldAt && !notice.endedAt)
    .filter((newer) => {
      const carries = owedBy(updates, newer)
      return owed.every((word) => carries.has(word))
    })
    .sort((a, b) => b.number - a.number)
}

/** Whether an older notice waits until the newer one has found its recipients: for a while, because that may fail. */
export const waitsFor = ({ notice }: ToldUpdate, now: Instant): boolean =>
  notice !== null && notice.expandedAt === null && Math.abs(toMs(now) - toMs(notice.createdAt)) < waitMsMax

/** Why a row says superseded. */
export const supersededBy = (newer: Pick<ToldUpdate, 'number'>): string =>
  `superseded by update ${newer.number} of the same incident`
