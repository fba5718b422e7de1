import type { Db } from '#api/db/connect.ts'

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
