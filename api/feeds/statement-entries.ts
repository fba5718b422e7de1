import { escapeHtml } from '#api/lib/html.ts'
import { placeIn } from '#api/publish/places.ts'
import { momentIn } from '#api/statements/facts.ts'
import type { FeedEntry, PublicStatement, StatementNews } from '#api/status/document.ts'
import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { bodyOf, type Feed, type FeedParts, feedLength, feedOf, inLocale, permanentId } from './entries.ts'

/**
 * One entry for each thing that happened to a statement, with an id that never changes. Every entry tells the statement
 * as it stands now: what was withdrawn is nowhere repeated, and nowhere passed over in silence.
 */
export function statementFeedOf(
  parts: Pick<FeedParts, 'site' | 'publicUrl' | 'locale' | 'record' | 'at' | 'path'> & {
    news: StatementNews[]
    /** Reports on incidents, the newest first: updates that are said to the press, too. */
    reports: FeedEntry[]
  },
): Feed {
  const { site, publicUrl, locale, record, news, reports, at, path } = parts
  const labels = wordsOf(locale).statements.public
  const name = site.name[locale]
  const place = (to: string) => publicUrl + placeIn(locale, site.defaultLocale, to)
  return {
    id: permanentId(record, 'statements', locale),
    title: fill(labels.feedTitle, { name }),
    description: fill(labels.feedDescription, { name }),
    locale,
    home: place('/statements/'),
    self: place(path),
    updatedAt: [...news.map((one) => one.at), ...reports.map(({ update }) => update.createdAt)].sort().at(-1) ?? at,
    entries: [
      ...news.map(({ at, kind, number, statement }) => {
        const { standing } = statement
        const happened = kind === 'published' ? standing : kind
        const title = inLocale(statement.title, locale)
        return {
          id: permanentId(record, 'statement', statement.id, kind === 'corrected' ? `${kind} ${number}` : kind, locale),
          url: place(`/statements/${statement.id}/`),
          title: fill(labels.feed[standing === 'withdrawn' ? standing : happened], { title: title.text }),
          html: htmlOf(statement, locale, site.zone, (id) => place(`/statements/${id}/`)),
          lang: inLocale(standing === 'withdrawn' ? statement.withdrawnReason : statement.body, locale).lang,
          publishedAt: at,
          tags: [labels.type[statement.type]],
        }
      }),
      ...feedOf({ ...parts, entries: reports }).entries,
    ]
      .sort((a, b) => (a.publishedAt < b.publishedAt ? 1 : a.publishedAt > b.publishedAt ? -1 : 0))
      .slice(0, feedLength),
  }
}

function htmlOf(statement: PublicStatement, locale: Locale, zone: string, placeOf: (id: string) => string): string {
  const labels = wordsOf(locale).statements.public
  const moment = (at: string) => momentIn(locale, at, zone)
  const line = (text: string) => `<p><strong>${escapeHtml(text)}</strong></p>`
  if (statement.withdrawnAt) {
    const said = fill(labels.withdrawnAt, { time: moment(statement.withdrawnAt), zone: zoneName(locale, zone) })
    return `${line(said)}${bodyOf(statement.withdrawnReason, locale)}`
  }
  const notes = statement.corrections.map(
    ({ at, note }) => line(fill(labels.correctedAt, { time: moment(at) })) + bodyOf(note, locale),
  )
  const next = statement.supersededBy
  const replaced =
    next && statement.supersededAt
      ? `<p>${escapeHtml(labels.standing.superseded)}: <a href="${escapeHtml(placeOf(next.id))}">${escapeHtml(inLocale(next.title, locale).text)}</a></p>`
      : ''
  return replaced + notes.join('') + bodyOf(statement.body, locale)
}

const zoneName = (locale: Locale, zone: string): string =>
  (wordsOf(locale).page.zones as Record<string, string>)[zone] ?? zone
