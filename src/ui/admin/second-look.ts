import { isOver, isPrivate, reopenWithinMs } from '#api/incidents/incident.ts'
import type { Incident, IncidentUpdate } from '#api/incidents/show.ts'
import { type Instant, minuteMs, plusMs } from '#api/lib/time.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { datesFor } from '../../lib/dates.ts'
import { type Draft, fillTimes, type Typed, wordsAt } from './composer.ts'

/** For how long the same words once more are taken for a mistake. */
const sameWordsMs = 10 * minuteMs

interface About {
  typed: Typed
  draft: Draft
  zone: string
  now: Instant
  locale: Locale
}

const equal = (a: Words, b: Words) => locales.every((locale) => (a[locale] ?? '') === (b[locale] ?? ''))

/** Times that the form filled in have moved on with the clock since: they make no other words. */
function repeats(published: IncidentUpdate | undefined, start: Instant, { typed, draft, zone, now }: About): boolean {
  if (!published || published.status !== draft.status || published.createdAt <= plusMs(now, -sameWordsMs)) return false
  const then = { start, next: published.nextUpdateAt, now, zone }
  return equal(draft.body, published.body) || equal(fillTimes(wordsAt(typed, 'body'), then), published.body)
}

const asked = (sentence: 'sameWords' | 'sameIncident', at: Instant, { locale, zone, now }: About) =>
  fill(wordsOf(locale).admin.composer[sentence], { time: datesFor(locale, zone, now).hour(at) })

/** Says that a colleague was faster. */
export const meanwhile = ({ number, createdAt }: IncidentUpdate, { locale, zone, now }: About): string =>
  fill(wordsOf(locale).admin.composer.meanwhile, { number, time: datesFor(locale, zone, now).hour(createdAt) })

/** Asks before the newest update is published once more; empty when there is nothing to ask. */
export function sameWords(incident: Incident, about: About): string[] {
  const [newest] = incident.updates
  return newest && repeats(newest, incident.startedAt, about) ? [asked('sameWords', newest.createdAt, about)] : []
}

/**
 * Asks before an incident is opened once more. One that was opened after the form was drawn is let pass: it may be this
 * form's own, and its key answers for it.
 */
export function sameIncident(incident: Incident, about: About): string[] {
  const drawn = about.typed.get('drawn') ?? about.now
  const same =
    incident.createdAt <= drawn &&
    equal(incident.title, about.draft.title) &&
    repeats(incident.updates.at(-1), incident.startedAt, about)
  return same ? [asked('sameIncident', incident.createdAt, about)] : []
}

/** Asks before an incident begins again that touches no service: the page would say that all is well. */
export function reopens(incident: Incident, { draft, now, locale }: About): string[] {
  const begins =
    isOver(incident.status) &&
    !isOver(draft.status) &&
    incident.resolvedAt !== null &&
    incident.resolvedAt >= plusMs(now, -reopenWithinMs)
  const speaksOfServices = incident.severity !== 4 && !isPrivate(incident.severity)
  const silent = draft.components.every(({ status }) => status === 'operational')
  return begins && speaksOfServices && silent ? [wordsOf(locale).admin.composer.reopens] : []
}
