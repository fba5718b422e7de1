import type { Config } from '#api/config.ts'
import { mailDocument } from '#api/notices/mail.ts'
import type { Site } from '#api/site.ts'
import { type Locale, localeNames } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { maskAddress } from './address.ts'
import { choiceOf } from './choice.ts'
import { preferencesUrl } from './links.ts'

/** What a person who subscribes is written: the question, or what stands instead of it. */
export interface Letter {
  subject?: string
  html?: string
  text: string
}

interface To {
  channel: string
  /** Of an endpoint what may be shown of its address; then the letter goes to its owner. */
  endpoint: string | null
  locale: Locale
  site: Site
  config: Config
  /** The names of the chosen components in this language; none means everything. */
  components: string[]
}

/** "Every update about: Order placement, Payments", in the words the form used. */
function describeChoice(locale: Locale, channel: string, components: readonly string[]): string {
  const words = wordsOf(locale).subscribe
  const choice = words.choice[choiceOf(channel)]
  return components.length
    ? fill(choice.servicesShort, { services: components.join(words.list) })
    : choice.everythingShort
}

/** Asks whether the subscription is theirs: a mail with a link, or a text with a code. */
export function questionLetter(to: To, secret: string): Letter {
  if (to.channel === 'sms') {
    const { sms } = wordsOf(to.locale).subscribe
    return { text: fill(sms.code, { sign: to.site.sign[to.locale], code: secret }) }
  }
  return mail(to, 'confirm', `${to.config.publicUrl}/subscribe/confirm/${secret}`)
}

/** Tells somebody who is subscribed where to change it: because they asked again, or because they lost the link. */
export function linkLetter(to: To, kind: 'already' | 'link', subscriber: { id: string; generation: number }): Letter {
  const url = preferencesUrl(to.config, subscriber)
  if (to.channel === 'sms') {
    const { sms } = wordsOf(to.locale).subscribe
    return { text: fill(sms[kind], { sign: to.site.sign[to.locale], url }) }
  }
  return mail(to, kind, url)
}

function mail(to: To, kind: 'confirm' | 'already' | 'link', url: string): Letter {
  const { locale, site, config, channel, endpoint } = to
  const words = wordsOf(locale).subscribe
  const parts = endpoint === null ? words.mail[kind] : words.mail.endpoint[kind]
  const of = { name: site.name[locale], kind: kindOf(locale, channel), address: endpoint ?? '' }
  return mailDocument({
    locale,
    site,
    publicUrl: config.publicUrl,
    subject: fill(parts.subject, of),
    preheader: parts.preheader,
    heading: parts.heading,
    paragraphs: [fill(parts.text, of)],
    facts: [
      { label: words.mail.what, values: [describeChoice(locale, to.channel, to.components)] },
      { label: words.confirm.language, values: [localeNames[locale]] },
    ],
    button: { label: parts.button, url },
    footer: [parts.foot],
  })
}

/** What a channel is called in front of an address: "Slack". */
function kindOf(locale: Locale, channel: string): string {
  const kinds: Record<string, string> = wordsOf(locale).subscribe.endpoint.kinds
  return kinds[channel] ?? channel
}

/** Tells an endpoint's owner that it was switched off, why, and how to switch it on again. */
export function disabledLetter(
  { site, config, locale }: { site: Site; config: Config; locale: Locale },
  subscriber: { id: string; generation: number; channel: string; address: string },
  gone: boolean,
): Letter {
  const words = wordsOf(locale).subscribe
  const parts = words.mail.endpoint.disabled
  const of = {
    name: site.name[locale],
    kind: kindOf(locale, subscriber.channel),
    address: maskAddress(subscriber.address),
  }
  return mailDocument({
    locale,
    site,
    publicUrl: config.publicUrl,
    subject: fill(parts.subject, of),
    preheader: parts.preheader,
    heading: fill(parts.heading, of),
    paragraphs: [fill(gone ? parts.gone : parts.failing, of), parts.on],
    button: { label: parts.button, url: preferencesUrl(config, subscriber) },
    footer: [parts.foot],
  })
}
