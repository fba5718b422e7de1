import { filled, markOf } from '#api/channels/filling.ts'
import type { ComponentStatus } from '#api/db/schema.ts'
import { markdownToHtml, markdownToText } from '#api/lib/markdown.ts'
import type { Site } from '#api/site.ts'
import { type Locale, languageName } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { type MailFact, mailDocument } from './mail.ts'
import { fullTime } from './times.ts'
import { inLocale, type Told, worstOf } from './told.ts'

/** Where the page is and whose it is. */
export interface Sender {
  site: Site
  publicUrl: string
}

/** A mail but for what differs from reader to reader. */
export interface MailTemplate {
  subject: string
  html: string
  text: string
}

/** What differs from reader to reader. */
type ReaderLinks = {
  preferences: string
  unsubscribe: string
  /** Where this reader rates how the incident was told; in a resolved mail alone. */
  rating?: string
}

const marks: Required<ReaderLinks> = {
  preferences: markOf('preferences'),
  unsubscribe: markOf('unsubscribe'),
  rating: markOf('rating'),
}

/** On white and on black. */
const colours: Record<ComponentStatus | 'none', [colour: string, darkColour: string]> = {
  operational: ['#2c7a56', '#6cc39a'],
  degraded_performance: ['#9a6700', '#e0b04a'],
  partial_outage: ['#b34d00', '#f0924c'],
  major_outage: ['#b3261e', '#ff7a70'],
  under_maintenance: ['#3a5ea8', '#8fb0ff'],
  none: ['#5d5a53', '#a8a397'],
}
/** What an inbox shows beside the subject, in characters. */
const preheaderLengthMax = 140

/** The path of a page in a language: the site's own language stands at the root. */
export const pageUrl = ({ site, publicUrl }: Sender, locale: Locale, path: string): string =>
  `${publicUrl}${locale === site.defaultLocale ? '' : `/${locale}`}${path}`

/** The mail of one update in one language, with marks where the reader's own links go. */
export function updateMail(told: Told, locale: Locale, sender: Sender): MailTemplate {
  const { site } = sender
  const words = wordsOf(locale).messages.mail
  const title = inLocale(told.title, locale)
  const body = inLocale(told.body, locale)
  const plain = markdownToText(body.text)
  const state = told.correction ? words.corrected : words.states[told.status]
  const foreign = title.lang ?? body.lang
  const worst = worstOf(told)
  const over = told.endedAt !== null
  const [colour, darkColour] = colours[over ? 'operational' : worst === 'operational' ? 'none' : worst]
  const at = (instant: string) => fullTime(instant, site.zone, locale)
  const fact = (label: string, words: Told['scope']): MailFact[] => {
    const { text, lang } = inLocale(words, locale)
    return text ? [{ label, values: text.split('\n'), ...(lang ? { lang } : {}) }] : []
  }
  const facts: MailFact[] = [
    ...(told.nextUpdateAt ? [{ label: words.nextUpdate, values: [at(told.nextUpdateAt)] }] : []),
    ...(told.components.length
      ? [
          {
            label: over ? words.services : words.affected,
            values: told.components.map(
              ({ name, status }) => `${inLocale(name, locale).text}${words.colon}${words.statuses[status]}`,
            ),
          },
        ]
      : []),
    ...fact(words.scope, told.scope),
    ...fact(words.notAffected, told.notAffected),
    ...fact(words.workaround, told.workaround),
    { label: words.started, values: [at(told.startedAt)] },
    ...(told.endedAt ? [{ label: words.ended, values: [at(told.endedAt)] }] : []),
    ...told.offers.flatMap((offer) => fact(wordsOf(locale).compensation.public.mail, offer)),
    { label: words.published, values: [at(told.publishedAt)] },
  ]
  return mailDocument({
    locale,
    ...sender,
    subject: fill(words.subject, { sign: site.sign[locale], state, title: title.text }),
    preheader: plain.replace(/\s+/g, ' ').slice(0, preheaderLengthMax),
    state: { word: state, colour, darkColour },
    heading: title.text,
    ...(title.lang ? { headingLang: title.lang } : {}),
    paragraphs: {
      html: markdownToHtml(body.text),
      text: plain,
      ...(body.lang ? { lang: body.lang } : {}),
      ...(foreign ? { note: fill(words.otherLanguage, { language: languageName(foreign, locale) }) } : {}),
    },
    facts,
    button: { label: words.follow, url: pageUrl(sender, locale, `/incidents/${told.incidentId}/`) },
    ...(told.status === 'resolved'
      ? { after: { label: wordsOf(locale).reviews.feedback.mail, url: marks.rating } }
      : {}),
    footer: [words.why],
    links: readerLinks(locale),
  })
}

/** The links at the foot of every notice, with marks where the reader's own addresses go. */
export function readerLinks(locale: Locale): { label: string; url: string }[] {
  const { mail } = wordsOf(locale).messages
  return [
    { label: mail.preferences, url: marks.preferences },
    { label: mail.unsubscribe, url: marks.unsubscribe },
  ]
}

/** The mail as one reader reads it, such as for a preview. */
export const forReader = ({ subject, html, text }: MailTemplate, links: ReaderLinks): MailTemplate => ({
  subject,
  html: filled(html, links),
  text: filled(text, links),
})

/** The headers of every notice by mail: one-click goodbye (RFC 8058), no auto-replies. */
export const noticeHeaders = (links: ReaderLinks): Record<string, string> => ({
  'List-Unsubscribe': `<${links.unsubscribe}>`,
  'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  'Auto-Submitted': 'auto-generated',
})

/** The headers of one reader's mail about an update: one thread per incident. */
export function mailHeaders(told: Told, { publicUrl }: Sender, links: ReaderLinks): Record<string, string> {
  return {
    ...noticeHeaders(links),
    'X-Entity-Ref-ID': told.incidentId,
    References: `<incident-${told.incidentId}@${new URL(publicUrl).hostname}>`,
  }
}
