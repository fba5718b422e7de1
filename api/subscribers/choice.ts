import { invalid } from '#api/errors.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Locale } from '#content/locales.ts'

/** What a subscriber hears of, and in which language. No components means everything. */
export interface Choice {
  componentIds: string[]
  locale: Locale
}

/** What an address agreed to: the wording it was shown (a key of `consents` in content/words), and when it confirmed. */
export interface Consent {
  at: Instant
  wording: string
}

/**
 * The wording that a form shows today, by channel. A changed text gets a new key, and the old one stays in
 * content/words for as long as somebody's consent names it.
 */
export const consentWordings = {
  email: 'email-2026-11',
  sms: 'sms-2026-11',
  webhook: 'endpoint-2026-11',
  slack: 'endpoint-2026-11',
  feishu: 'endpoint-2026-11',
} as const

/** Every channel that takes subscribers, in the order of the forms. */
export const subscribedChannels = ['email', 'sms', 'webhook', 'slack', 'feishu'] as const satisfies SubscribedChannel[]

export type SubscribedChannel = keyof typeof consentWordings
export const isSubscribedChannel = (name: string): name is SubscribedChannel => name in consentWordings

/** Which words describe what a channel brings. */
export const choiceOf = (channel: string): 'email' | 'sms' | 'endpoint' =>
  channel === 'email' || channel === 'sms' ? channel : 'endpoint'

/** The wanted components, each once, in a fixed order. Throws AppError invalid when one of them is not among `known`. */
export function chooseComponents(wanted: readonly string[], known: ReadonlySet<string>): string[] {
  const ids = [...new Set(wanted)].sort()
  if (ids.some((id) => !known.has(id)))
    throw invalid('One of the chosen services does not exist.', {
      components: 'Leave it out: this service does not exist, or no longer.',
    })
  return ids
}
