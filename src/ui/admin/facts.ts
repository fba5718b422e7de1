import type { Incident } from '#api/incidents/show.ts'
import type { Instant } from '#api/lib/time.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import {
  type Faults,
  openBraces,
  readWall,
  type Severity,
  severityOf,
  type Typed,
  wallText,
  wordsAt,
} from './composer.ts'

const texts = ['title', 'scope', 'notAffected', 'workaround'] as const

/** An incident's facts as the fields of the form in which they are corrected. */
export function factsOf(incident: Incident, zone: string): Map<string, string> {
  const typed = new Map([
    ['severity', String(incident.severity)],
    ['startedAt', wallText(incident.startedAt, zone)],
    ['startedWas', incident.startedAt],
  ])
  for (const name of texts) for (const locale of locales) typed.set(`${name}.${locale}`, incident[name][locale] ?? '')
  return typed
}

export interface FactPatch {
  title?: Words
  severity?: Severity
  scope: Words
  notAffected: Words
  workaround: Words
  startedAt?: Instant
}

/** Reads that form. Facts are whole: a text that was emptied is taken back. */
export function readFacts(
  typed: Typed,
  { zone, now, locale }: { zone: string; now: Instant; locale: Locale },
): { patch: FactPatch; faults: Faults } {
  const w = wordsOf(locale).admin.faults
  const faults: Faults = {}
  const severity = severityOf(typed)
  const startedAt = readWall(typed.get('startedAt') ?? '', zone)
  const title = wordsAt(typed, 'title')
  if (!severity) faults.severity = w.severity
  if (!Object.keys(title).length) faults[`title.${locale}`] = w.title
  if (!startedAt) faults.startedAt = w.time
  else if (startedAt > now) faults.startedAt = w.future
  for (const name of texts)
    for (const one of locales) {
      const open = openBraces(typed.get(`${name}.${one}`) ?? '')
      if (open.length) faults[`${name}.${one}`] = fill(w.braces, { names: open.join(' ') })
    }
  return {
    patch: {
      title,
      ...(severity ? { severity } : {}),
      scope: wordsAt(typed, 'scope'),
      notAffected: wordsAt(typed, 'notAffected'),
      workaround: wordsAt(typed, 'workaround'),
      ...(startedAt ? { startedAt } : {}),
    },
    faults,
  }
}
