import type { Config } from '#api/config.ts'
import { deriveToken, readToken } from '#api/lib/tokens.ts'

type Keys = Pick<Config, 'secretKeys'>
type Address = Pick<Config, 'secretKeys' | 'publicUrl'>
type Subscriber = { id: string; generation: number }

/** Where one subscriber leaves: GET shows a button, POST does it (RFC 8058). The link stands in every mail and never expires. */
export const unsubscribeUrl = (config: Address, { id, generation }: Subscriber): string =>
  `${config.publicUrl}/unsubscribe/${deriveToken(config.secretKeys, 'unsubscribe', id, generation)}`

/** Where one subscriber chooses components and language. Raising the generation revokes every link given out before. */
export const preferencesUrl = (config: Address, { id, generation }: Subscriber): string =>
  `${config.publicUrl}/preferences/${deriveToken(config.secretKeys, 'preferences', id, generation)}`

/** Whose link it is; null unless we made it for this purpose. The generation is still to be compared with the record. */
export const readLink = (config: Keys, purpose: 'unsubscribe' | 'preferences', token: string) =>
  readToken(config.secretKeys, purpose, token)
