import type { ChatParts } from '#api/channels/channel.ts'
import { markdownToText } from '#api/lib/markdown.ts'
import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { fullTime } from './times.ts'
import { inLocale, type Told } from './told.ts'
import { pageUrl, type Sender } from './update-mail.ts'

/** One update as a chat shows it: heading, text, the facts that people act on, and where to follow it. */
export function updateChat(told: Told, locale: Locale, sender: Sender): { chat: ChatParts; text: string } {
  const { site } = sender
  const words = wordsOf(locale).messages.mail
  const title = inLocale(told.title, locale).text
  const state = told.correction ? words.corrected : words.states[told.status]
  const heading = fill(words.subject, { sign: site.sign[locale], state, title })
  const body = markdownToText(inLocale(told.body, locale).text)
  const over = told.endedAt !== null
  const fact = (label: string, value: string) => (value ? [{ label, value }] : [])
  const facts = [
    ...fact(words.nextUpdate, told.nextUpdateAt ? fullTime(told.nextUpdateAt, site.zone, locale) : ''),
    ...fact(
      over ? words.services : words.affected,
      told.components
        .map(({ name, status }) => `${inLocale(name, locale).text}${words.colon}${words.statuses[status]}`)
        .join('\n'),
    ),
    ...fact(words.scope, inLocale(told.scope, locale).text),
    ...fact(words.notAffected, inLocale(told.notAffected, locale).text),
    ...fact(words.workaround, markdownToText(inLocale(told.workaround, locale).text)),
    ...fact(
      wordsOf(locale).compensation.public.mail,
      told.offers.map((offer) => inLocale(offer, locale).text).join('\n'),
    ),
  ]
  const url = pageUrl(sender, locale, `/incidents/${told.incidentId}/`)
  return { chat: { heading, body, facts, link: { label: words.follow, url } }, text: `${heading}\n\n${body}\n\n${url}` }
}
