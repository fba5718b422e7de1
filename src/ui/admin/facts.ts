import type { Incident } from '#api/incidents/show.ts'
import type { Instant } from '#api/lib/time.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import {
  type Faults,
  isAdvisory,
  openBraces,
  readWall,
  type Severity,
  severityOf,
  type Typed,
  wallText,
  wordsAt,
} from './composer.ts'

const later = ['occurredAt', 'detectedAt', 'endedAt'] as const
const texts = ['title', 'scope', 'notAffected', 'workaround'] as const

/** An incident's facts as the fields of the form in which they are corrected. */
export function factsOf(incident: Incident, zone: string): Map<string, string> {
  const typed = new Map([
    ['severity', incident.advisory ? 'advisory' : String(incident.severity)],
    ['startedAt', wallText(incident.startedAt, zone)],
    ...later.map((name): [string, string] => [name, incident[name] ? wallText(incident[name], zone) : '']),
  ])
  for (const name of texts) for (const locale of locales) typed.set(`${name}.${locale}`, incident[name][locale] ?? '')
  return typed
}

export interface FactPatch {
  title?: Words
  severity?: Severity
  advisory?: boolean
  scope: Words
  notAffected: Words
  workaround: Words
  startedAt?: Instant
  occurredAt?: Instant | null
  detectedAt?: Instant | null
  endedAt?: Instant | null
}

/**
 * Reads that form. Facts are whole: a text that was emptied is taken back. A time that shows what it showed before is
 * left alone, because the field knows no seconds.
 */
export function readFacts(
  typed: Typed,
  incident: Incident,
  { zone, now, locale }: { zone: string; now: Instant; locale: Locale },
): { patch: FactPatch; faults: Faults } {
  const w = wordsOf(locale).admin.faults
  const faults: Faults = {}
  const severity = severityOf(typed)
  const before = factsOf(incident, zone)
  const times: Partial<Record<(typeof later)[number] | 'startedAt', Instant | null>> = {}
  for (const name of ['startedAt', ...later] as const) {
    const text = typed.get(name) ?? ''
    if (text === before.get(name)) continue
    const at = readWall(text, zone)
    if (!at && (text || name === 'startedAt')) faults[name] = w.time
    else if (at && at > now) faults[name] = w.future
    times[name] = at
  }
  const title = wordsAt(typed, 'title')
  if (!severity) faults.severity = w.severity
  if (!Object.keys(title).length) faults[`title.${locale}`] = w.title
  for (const name of texts)
    for (const one of locales) {
      const open = openBraces(typed.get(`${name}.${one}`) ?? '')
      if (open.length) faults[`${name}.${one}`] = fill(w.braces, { names: open.join(' ') })
    }
  const { startedAt, ...rest } = times
  return {
    patch: {
      title,
      ...(severity ? { severity, advisory: isAdvisory(typed) } : {}),
      scope: wordsAt(typed, 'scope'),
      notAffected: wordsAt(typed, 'notAffected'),
      workaround: wordsAt(typed, 'workaround'),
      ...(startedAt ? { startedAt } : {}),
      ...rest,
    },
    faults,
  }
}
