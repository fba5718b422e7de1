import { smsLength } from '#api/channels/sms/segments.ts'
import { escapeHtml } from '#api/lib/html.ts'
import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { mailDocument } from './mail.ts'
import { fullTime } from './times.ts'
import { inLocale, type Told } from './told.ts'
import { type MailTemplate, pageUrl, readerLinks, type Sender } from './update-mail.ts'
import type { Sms } from './update-sms.ts'

/** The mail that tells several updates at once, the oldest first: state, headline, time and link of each. */
export function foldMail(told: readonly Told[], locale: Locale, sender: Sender, cap: number): MailTemplate {
  const { site } = sender
  const { mail, fold } = wordsOf(locale).messages
  const count = told.length
  const heading = count === 1 ? fold.headingOne : fill(fold.heading, { count })
  const intro = fill(fold.intro, { cap })
  const entries = told.map((update) => {
    const { text, lang } = inLocale(update.title, locale)
    const state = update.correction ? mail.corrected : mail.states[update.status]
    const time = fullTime(update.publishedAt, site.zone, locale)
    const url = pageUrl(sender, locale, `/incidents/${update.incidentId}/`)
    return {
      html:
        `<li style="margin:0 0 16px"><strong>${escapeHtml(state)}</strong>${escapeHtml(mail.colon)}` +
        `<a class="ink" href="${escapeHtml(url)}"${lang ? ` lang="${lang}"` : ''}>${escapeHtml(text)}</a>` +
        `<br><span class="soft">${escapeHtml(time)}</span></li>`,
      text: `- ${state}${mail.colon}${text}\n  ${time}\n  ${url}`,
    }
  })
  return mailDocument({
    locale,
    ...sender,
    subject: fill(fold.subject, { sign: site.sign[locale], heading }),
    preheader: told.map(({ title }) => inLocale(title, locale).text).join(' '),
    heading,
    paragraphs: {
      html: `<p style="margin:0 0 16px">${escapeHtml(intro)}</p><ul style="margin:0;padding-left:20px">${entries.map(({ html }) => html).join('')}</ul>`,
      text: [intro, ...entries.map(({ text }) => text)].join('\n\n'),
    },
    button: { label: fold.page, url: pageUrl(sender, locale, '/') },
    footer: [mail.why],
    links: readerLinks(locale),
  })
}

/** The SMS that stands for several updates: how many, and where they stand. */
export function foldSms(count: number, locale: Locale, sender: Sender): Sms {
  const { fold } = wordsOf(locale).messages
  const url = pageUrl(sender, locale, '/').replace(/^https:\/\//, '')
  const values = { sign: sender.site.sign[locale], count, url }
  const text = fill(count === 1 ? fold.smsOne : fold.sms, values)
  return { text, ...smsLength(text) }
}
