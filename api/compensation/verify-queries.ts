import type { Db } from '#api/db/connect.ts'

/** What an offer keeps of its claims, counted again from the claims alone. */
export async function countsToVerify(db: Db, offerId: string) {
  const rows = await db
    .selectFrom('claim')
    .select((eb) => [
      'state',
      eb.case().when('issuedAt', 'is', null).then(0).else(1).end().as('issued'),
      eb.fn.countAll<number>().as('count'),
      eb.fn.sum<number>('amountMinor').as('minor'),
    ])
    .where('offerId', '=', offerId)
    // Whoever fits and has no share, because nothing was due, is written down and not counted.
    .where((eb) => eb.or([eb('state', '<>', 'rejected'), eb('reviewedAt', 'is not', null)]))
    .groupBy((eb) => ['state', eb.case().when('issuedAt', 'is', null).then(0).else(1).end()])
    .execute()
  const sum = (fits: (row: { state: string; issued: boolean }) => boolean) => {
    const those = rows.filter((row) => fits({ state: row.state, issued: Number(row.issued) === 1 }))
    return {
      count: those.reduce((total, { count }) => total + Number(count), 0),
      minor: those.reduce((total, { minor }) => total + Number(minor ?? 0), 0),
    }
  }
  const shares = sum(() => true)
  const issued = sum(({ state, issued: was }) => was && state !== 'revoked')
  const redeemed = sum(({ state }) => state === 'redeemed')
  const expired = sum(({ state }) => state === 'expired')
  return {
    claimCount: shares.count,
    claimMinor: shares.minor,
    issuedCount: issued.count,
    issuedMinor: issued.minor,
    redeemedCount: redeemed.count,
    redeemedMinor: redeemed.minor,
    expiredCount: expired.count,
    expiredMinor: expired.minor,
  }
}
