import type { Config } from '#api/config.ts'
import { deriveToken, readToken } from '#api/lib/tokens.ts'

// The link to rate an incident stands in every resolved notice, so it is derived and never stored; raising the
// subscriber's generation revokes it with all others.

const purposeOf = (incidentId: string) => `rating:${incidentId}`

/** Where one subscriber rates how an incident was told: GET shows the form, POST rates. */
export const ratingUrl = (
  config: Pick<Config, 'secretKeys' | 'publicUrl'>,
  incidentId: string,
  { id, generation }: { id: string; generation: number },
): string =>
  `${config.publicUrl}/feedback/${incidentId}/${deriveToken(config.secretKeys, purposeOf(incidentId), id, generation)}`

/** Whose link it is; null unless we made it for this incident. The generation is still to be compared with the record. */
export const readRatingLink = (config: Pick<Config, 'secretKeys'>, incidentId: string, token: string) =>
  readToken(config.secretKeys, purposeOf(incidentId), token)
