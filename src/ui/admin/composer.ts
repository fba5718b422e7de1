import type { ComponentStatus, IncidentStatus } from '#api/db/schema.ts'
import { dateIn, fromWall, type Instant, minuteMs, parseInstant, toInstant, toMs, wallOf } from '#api/lib/time.ts'
import { isLocale, type Locale, locales, type Words } from '#content/locales.ts'
import { fill, type Labels, wordsOf } from '#content/words.ts'
import { datesFor } from '../../lib/dates.ts'

/** What stands in the composer's fields, as it was typed. */
export type Typed = ReadonlyMap<string, string>
export type Faults = Record<string, string>

export type Severity = 1 | 2 | 3 | 4
export const statuses: IncidentStatus[] = ['investigating', 'identified', 'monitoring', 'resolved', 'postmortem']
export const states: ComponentStatus[] = [
  'operational',
  'degraded_performance',
  'partial_outage',
  'major_outage',
  'under_maintenance',
]
/** Minutes after which the next word may be promised with one touch. */
const quickMinutes = [15, 30, 60]
const isOver = (status: string) => status === 'resolved' || status === 'postmortem'

/** The fields of a posted form; null when nothing was posted. */
export function typedOf(form: FormData): Map<string, string> {
  const typed = new Map<string, string>()
  for (const [name, value] of form) if (typeof value === 'string') typed.set(name, value.replace(/\r\n?/g, '\n').trim())
  return typed
}

/** "2026-11-11T20:27" on the wall clock of a zone, as a field for date and time wants it. */
export function wallText(at: Instant, zone: string): string {
  const { hour, minute } = wallOf(toMs(at), zone)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${dateIn(toMs(at), zone)}T${two(hour)}:${two(minute)}`
}

/** Reads what such a field holds; null when it is none. */
export function readWall(text: string, zone: string): Instant | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(:00)?$/.exec(text)
  if (!match) return null
  const [year, month, day, hour, minute] = match.slice(1, 6).map(Number) as [number, number, number, number, number]
  const at = toInstant(fromWall(zone, year, month, day, hour, minute))
  return wallText(at, zone) === text.slice(0, 16).replace(' ', 'T') ? at : null
}

interface QuickPromise {
  /** From now; null for one that was chosen earlier and is none of today's any more. */
  minutes: number | null
  at: Instant
}

/**
 * Promises that can be made with one touch: whole minutes, so that page, mail and SMS say exactly this. A promise that
 * was `chosen` when the form was drawn before stays among them, although other minutes are offered by now.
 */
export function quickPromises(now: Instant, chosen = ''): QuickPromise[] {
  const quick: QuickPromise[] = quickMinutes.map((minutes) => ({
    minutes,
    at: toInstant(Math.ceil((toMs(now) + minutes * minuteMs) / minuteMs) * minuteMs),
  }))
  const at = parseInstant(chosen)
  return !at || quick.some((promise) => promise.at === at) ? quick : [{ minutes: null, at }, ...quick]
}

/** A text typed in several languages: `<name>.<locale>`. Languages left empty are left out. */
export function wordsAt(typed: Typed, name: string): Words {
  const words: Words = {}
  for (const locale of locales) {
    const text = typed.get(`${name}.${locale}`)
    if (text) words[locale] = text
  }
  return words
}

/** The severity that was chosen, 1 (gravest) to 4; null when none was. An advisory is a word of level 4. */
export const severityOf = (typed: Typed): Severity | null =>
  isAdvisory(typed) ? 4 : (([1, 2, 3, 4] as const).find((level) => String(level) === typed.get('severity')) ?? null)
export const isAdvisory = (typed: Typed): boolean => typed.get('severity') === 'advisory'

/** When the next word was promised: one of the quick times, or the time typed; null when none is wanted or readable. */
function promiseOf(typed: Typed, zone: string): Instant | null {
  const next = typed.get('next') ?? ''
  if (isOver(typed.get('status') ?? '') || next === 'none') return null
  return next === 'at' || next === '' ? readWall(typed.get('nextAt') ?? '', zone) : parseInstant(next)
}

/** Fills the braces that the form itself answers: {start}, {zone} and {next}. The page then says what mails and SMS say. */
export function fillTimes(
  words: Words,
  times: { start: Instant; next: Instant | null; now: Instant; zone: string },
): Words {
  const filled: Words = {}
  for (const [locale, text] of Object.entries(words)) {
    if (!isLocale(locale) || !text) continue
    const dates = datesFor(locale, times.zone, times.now)
    const moment = (at: Instant) =>
      dates.day(at) === dates.day(times.now)
        ? dates.hour(at)
        : fill(wordsOf(locale).page.moment, { day: dates.day(at), time: dates.hour(at) })
    filled[locale] = fill(text, {
      start: moment(times.start),
      zone: dates.zone,
      ...(times.next ? { next: moment(times.next) } : {}),
    })
  }
  return filled
}

/** Names in braces that a person still has to replace, once each. */
export const openBraces = (text: string): string[] => [
  ...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([brace]) => brace)),
]

/** What the composer means, once it is read. */
export interface Draft {
  title: Words
  body: Words
  scope: Words
  notAffected: Words
  workaround: Words
  severity: Severity
  advisory: boolean
  status: IncidentStatus
  startedAt: Instant
  nextUpdateAt: Instant | null
  components: { id: string; status: ComponentStatus }[]
  corrects: string | null
  notify: boolean
}

/**
 * Reads the composer. `faults` names each field that keeps it from being published, with a sentence in the language of
 * the desk; the draft is as good as it can be read, for a preview. `startedAt` and
 * `severity` are given when the incident exists.
 */
export function readDraft(
  typed: Typed,
  {
    zone,
    now,
    locale,
    kind,
    startedAt,
    severity: known,
  }: {
    zone: string
    now: Instant
    locale: Locale
    kind: 'incident' | 'update'
    startedAt?: Instant
    severity?: number
  },
): { draft: Draft; faults: Faults } {
  const w = wordsOf(locale).admin.faults
  const faults: Faults = {}
  const status = statuses.find((one) => one === typed.get('status')) ?? 'investigating'
  const next = promiseOf(typed, zone)
  const typedStart = typed.get('startedAt') ?? ''
  const start = startedAt ?? (typedStart ? readWall(typedStart, zone) : now)
  if (!start) faults.startedAt = w.time
  else if (start > now) faults.startedAt = w.future
  const times = { start: start ?? now, next, now, zone }
  const severity = severityOf(typed)
  const draft: Draft = {
    title: fillTimes(wordsAt(typed, 'title'), times),
    body: fillTimes(wordsAt(typed, 'body'), times),
    scope: wordsAt(typed, 'scope'),
    notAffected: wordsAt(typed, 'notAffected'),
    workaround: wordsAt(typed, 'workaround'),
    severity: severity ?? 1,
    advisory: isAdvisory(typed),
    status,
    startedAt: start ?? now,
    nextUpdateAt: next,
    components: componentsOf(typed),
    corrects: typed.get('corrects') || null,
    notify: typed.has('notify'),
  }
  if (kind === 'incident') {
    if (!severity) faults.severity = w.severity
    if (!Object.keys(draft.title).length) faults[`title.${locale}`] = w.title
  }
  if (!Object.keys(draft.body).length) faults[`body.${locale}`] = w.body
  braceFaults(draft, w, faults)
  if ((known ?? severity) === 4)
    for (const { id, status } of draft.components)
      if (status !== 'operational') faults[`component.${id}`] = w.knownIssue
  if (!isOver(status)) {
    if (!next) faults.next = w.promise
    else if (next <= now) faults.next = fill(w.promisePast, { time: datesFor(locale, zone, now).hour(next) })
  }
  return { draft, faults }
}

function braceFaults(draft: Draft, w: Labels['admin']['faults'], faults: Faults): void {
  for (const name of ['title', 'body', 'scope', 'notAffected', 'workaround'] as const)
    for (const locale of locales) {
      const open = openBraces(draft[name][locale] ?? '')
      if (open.length) faults[`${name}.${locale}`] = fill(w.braces, { names: open.join(' ') })
    }
}

const componentsOf = (typed: Typed): Draft['components'] =>
  [...typed].flatMap(([name, value]) => {
    const status = states.find((one) => one === value)
    return name.startsWith('component.') && status ? [{ id: name.slice('component.'.length), status }] : []
  })

/** The API names fields in its own way ("title", "components.0.status"); the form shows each at the field it has. */
export function faultsFromApi(
  fields: Record<string, string>,
  draft: Draft,
  locale: Locale,
): { faults: Faults; rest: string[] } {
  const faults: Faults = {}
  const rest: string[] = []
  for (const [name, sentence] of Object.entries(fields)) {
    const [first = '', second = ''] = name.split('.')
    if (first === 'components') faults[`component.${draft.components[Number(second)]?.id ?? ''}`] = sentence
    else if (first === 'nextUpdateAt') faults.next = sentence
    else if (['title', 'body', 'scope', 'notAffected', 'workaround'].includes(first))
      faults[`${first}.${isLocale(second) ? second : locale}`] = sentence
    else if (['severity', 'status', 'startedAt', 'occurredAt', 'detectedAt', 'endedAt', 'corrects'].includes(first))
      faults[first] = sentence
    else rest.push(sentence)
  }
  return { faults, rest }
}
