import { createHash } from 'node:crypto'
import { AppError, conflict, invalid } from '#api/errors.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'

/** What the public version says, part by part, in every language (2.8). */
export const reportParts = ['scope', 'times', 'cause', 'handling', 'changes', 'apology'] as const
export type ReportPart = (typeof reportParts)[number]
export type ReportParts = Record<ReportPart, Words>

/** Longest text of one part in one language; all of them together fit an update. */
export const partLengthMax = 3_000
export const bodyLengthMax = 10_000

/** Who approves, both for the same words. */
export const approvers = ['legal', 'lead'] as const
export type Approver = (typeof approvers)[number]

/** In which order the parts stand, and which share a heading: each language as its readers know reports. */
const layoutOf = (locale: Locale) => wordsOf(locale).reviews.report.order as ReportPart[][]

/** The parts of a language in the order in which they are read and written. */
export const partsIn = (locale: Locale): ReportPart[] => layoutOf(locale).flat()

/** The heading above a part; null where it shares the one before it. */
export function headingOf(part: ReportPart, locale: Locale): string | null {
  const group = layoutOf(locale).find((parts) => parts.includes(part))
  return group?.[0] === part ? wordsOf(locale).reviews.report.headings[part] : null
}

/** The public version as one text per language: what is approved, hashed and published. */
export function composeReport(parts: ReportParts): Words {
  const bodies: Words = {}
  for (const locale of locales) {
    const texts = partsIn(locale).flatMap((part) => {
      const heading = headingOf(part, locale)
      const text = parts[part][locale]?.trim() ?? ''
      return [...(heading ? [`**${heading}**`] : []), ...(text ? [text] : [])]
    })
    bodies[locale] = texts.join('\n\n')
  }
  return bodies
}

/** One hash over the words of every language: what an approval is for. */
export const hashOf = (bodies: Words): string =>
  createHash('sha256')
    .update(JSON.stringify(locales.map((locale) => [locale, bodies[locale] ?? ''])))
    .digest('hex')

/** Parts and languages that are still empty: a report is complete in every language or it is not published. */
export const missingIn = (parts: ReportParts): string[] =>
  reportParts.flatMap((part) =>
    locales.filter((locale) => !parts[part][locale]?.trim()).map((locale) => `${part}.${locale}`),
  )

/** Refuses what is too long for an update, or holds nothing at all. */
export function checkReport(parts: ReportParts): void {
  const bodies = composeReport(parts)
  const fields: Record<string, string> = {}
  for (const locale of locales)
    if ((bodies[locale]?.length ?? 0) > bodyLengthMax)
      fields[`apology.${locale}`] = `All parts together are longer than ${bodyLengthMax} characters.`
  if (Object.keys(fields).length) throw invalid('The report is too long.', fields)
}

interface Verdict {
  role: string
  verdict: string
  createdBy: string
}

/** Who stands behind a version: the last word of each role, as an approval or not. */
export function standingOf(verdicts: readonly Verdict[]): Record<Approver, Verdict | null> {
  const last = (role: Approver) => verdicts.filter((one) => one.role === role).at(-1) ?? null
  return { legal: last('legal'), lead: last('lead') }
}

/** What changed between two versions, as "cause.en". */
export const changedParts = (before: ReportParts, after: ReportParts): string[] =>
  reportParts.flatMap((part) =>
    locales.filter((locale) => before[part][locale] !== after[part][locale]).map((locale) => `${part}.${locale}`),
  )

/**
 * Refuses a verdict on words that are not the newest: an approval is for one hash in both languages, and whoever read an
 * older version is told what has changed since.
 */
export function checkNewest(
  hash: string,
  newest: { number: number; hash: string; parts: ReportParts },
  read?: ReportParts,
) {
  if (hash === newest.hash) return
  const changed = read ? changedParts(read, newest.parts) : []
  throw conflict(
    changed.length
      ? `Version ${newest.number} is newer than the one you read. What has changed: ${changed.join(', ')}.`
      : `Version ${newest.number} is newer than the one you read. Read it first.`,
  )
}

/** Refuses to publish what is not whole, or what legal and the lead, two people, have not both approved as it stands. */
export function checkPublishable(parts: ReportParts, verdicts: readonly Verdict[]): void {
  const missing = missingIn(parts)
  if (missing.length)
    throw invalid(
      'The report is not complete in both languages.',
      Object.fromEntries(missing.map((place) => [place, 'This part is still empty.'])),
    )
  const standing = standingOf(verdicts)
  const without = approvers.filter((role) => standing[role]?.verdict !== 'approved')
  if (without.length)
    throw new AppError('conflict', `These words are not approved by ${without.join(' and ')}. An edit voids approvals.`)
  if (standing.legal?.createdBy === standing.lead?.createdBy)
    throw conflict('Legal and the lead are two people: one person cannot approve for both.')
}
