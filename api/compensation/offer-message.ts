import { markOf } from '#api/channels/filling.ts'
import type { Instant } from '#api/lib/time.ts'
import { mailDocument } from '#api/notices/mail.ts'
import { fullTime } from '#api/notices/times.ts'
import { inLocale } from '#api/notices/told.ts'
import { type MailTemplate, pageUrl, type Sender } from '#api/notices/update-mail.ts'
import type { Locale, Words } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import type { Basis, DeliveryMode } from './offer.ts'

// A coupon is no service notice: its messages are a class of their own, with the company's postal address and a way out
// that leaves notices about incidents alone (CAN-SPAM, 16 CFR 316; RFC 8058).

/** What the messages of one offer say, in all languages. */
export interface ToldOffer {
  incidentId: string
  title: Words
  terms: Words
  basis: Basis
  delivery: DeliveryMode
  claimFrom: Instant
  claimUntil: Instant
}

/** What stands in one reader's message alone; nothing of it needs escaping in HTML. */
export type OwnWords = Record<'share' | 'claim' | 'goodbye', string>
const own: OwnWords = { share: markOf('share'), claim: markOf('claim'), goodbye: markOf('goodbye') }
/** What an inbox shows beside the subject, in characters. */
const preheaderLengthMax = 140
/** So much of a title goes into an SMS, in characters. */
const smsTitleMax = 60

/** The mail of one offer in one language, with marks where the reader's own share and links go. */
export function offerMail(told: ToldOffer, locale: Locale, sender: Sender): MailTemplate {
  const { site } = sender
  const words = wordsOf(locale).compensation.mail
  const title = inLocale(told.title, locale)
  const terms = inLocale(told.terms, locale)
  const automatic = told.delivery === 'automatic'
  const at = (instant: Instant) => fullTime(instant, site.zone, locale)
  return mailDocument({
    locale,
    ...sender,
    subject: fill(words.subject, { sign: site.sign[locale], title: title.text }),
    preheader: terms.text.replace(/\s+/g, ' ').slice(0, preheaderLengthMax),
    state: { word: told.basis === 'sla' ? words.sla : words.goodwill, colour: '#1a1917', darkColour: '#efece4' },
    heading: title.text,
    ...(title.lang ? { headingLang: title.lang } : {}),
    paragraphs: [
      ...terms.text.split(/\n{2,}/),
      automatic ? words.automatic : told.basis === 'sla' ? words.reviewed : words.claim,
    ],
    facts: [
      { label: words.yours, values: [own.share] },
      ...(automatic ? [] : [{ label: words.until, values: [at(told.claimUntil)] }]),
      { label: words.incident, values: [pageUrl(sender, locale, `/incidents/${told.incidentId}/`)] },
    ],
    button: { label: automatic ? words.see : words.button, url: own.claim },
    footer: [words.why, fill(words.post, { address: site.postalAddress?.[locale] ?? '' })],
    links: [{ label: words.goodbye, url: own.goodbye }],
  })
}

/** The headers of a mail with an offer: one click leaves offers. */
export const offerHeaders = (goodbye: string, incidentId: string): Record<string, string> => ({
  'List-Unsubscribe': `<${goodbye}>`,
  'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  'Auto-Submitted': 'auto-generated',
  'X-Entity-Ref-ID': `offer-${incidentId}`,
})

/** The SMS of one offer in one language for one reader: STOP ends all SMS, and its page leaves offers alone. */
export function offerSms(told: ToldOffer, locale: Locale, { site }: Sender, link: string): string {
  const words = wordsOf(locale).compensation.sms
  const whole = inLocale(told.title, locale).text.replace(/[.。]$/, '')
  const title = whole.length > smsTitleMax ? `${whole.slice(0, smsTitleMax - 1)}…` : whole
  const date = fullTime(told.claimUntil, site.zone, locale)
  const label = told.delivery === 'automatic' ? words.automatic : words.claim
  return fill(label, { sign: site.sign[locale], title, date, link: link.replace(/^https?:\/\//, '') })
}
