import type { Config } from '#api/config.ts'
import { deriveToken, readToken } from '#api/lib/tokens.ts'

type Address = Pick<Config, 'secretKeys' | 'publicUrl'>
const purpose = 'offers'

/** Where one customer claims; the secret stands in their message and nowhere else. */
export const claimUrl = ({ publicUrl }: Pick<Config, 'publicUrl'>, secret: string): string =>
  `${publicUrl}/claims/${secret}/`

/** Names one message with an offer, and with it the address that wants no more of them. Never expires. */
export const goodbyeToken = ({ secretKeys }: Pick<Config, 'secretKeys'>, deliveryId: string): string =>
  deriveToken(secretKeys, purpose, deliveryId, 1)

/** Where an address leaves offers, and offers alone: GET shows a button, POST does it (RFC 8058). */
export const goodbyeUrl = (config: Address, deliveryId: string): string =>
  `${config.publicUrl}/unsubscribe/offers/${goodbyeToken(config, deliveryId)}`

/** The message such a token names; null unless we made it. */
export const readGoodbyeToken = ({ secretKeys }: Pick<Config, 'secretKeys'>, token: string): string | null =>
  readToken(secretKeys, purpose, token)?.subject ?? null
