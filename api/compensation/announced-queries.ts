import type { Db } from '#api/db/connect.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'

/**
 * What the public may know of what is given after these incidents: offers that are live, and those that were and are
 * over, with the words they last went live with. One that is paused is not shown, nor one that was never live.
 */
export const announcedOffers = async (db: Db, incidentIds: string[]) =>
  incidentIds.length
    ? db
        .selectFrom('offer')
        .innerJoin('offerTerms', (join) =>
          join.onRef('offerTerms.offerId', '=', 'offer.id').onRef('offerTerms.version', '=', 'offer.liveVersion'),
        )
        .select([
          'offer.id',
          'offer.incidentId',
          'offer.state',
          'offer.basis',
          'offer.delivery',
          'offer.claimFrom',
          'offer.claimUntil',
          'offer.liveAt',
          'offerTerms.title',
          'offerTerms.terms',
        ])
        .where('offer.incidentId', 'in', incidentIds)
        .where('offer.state', 'in', ['live', 'closed'])
        .where('offer.liveAt', 'is not', null)
        .orderBy('offer.liveAt')
        .orderBy('offer.id')
        .execute()
    : []

/**
 * Titles of what is open for those an incident affected, the oldest first, as far as it was open at this instant: what a
 * notice of then may say, also to those whom it reaches later.
 */
export const openOffers = async (db: Db, incidentId: string, at: Instant): Promise<Words[]> =>
  (await announcedOffers(db, [incidentId]))
    .filter(({ state, liveAt }) => state === 'live' && liveAt !== null && liveAt <= at)
    .map(({ title }) => fromJson<Words>(title))
