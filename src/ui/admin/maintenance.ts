import type { Instant } from '#api/lib/time.ts'
import type { Maintenance } from '#api/maintenance/show.ts'
import { isLocale, type Locale, type Words } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { type Faults, readWall, type Typed, wallText, wordsAt } from './composer.ts'

/** What a form of planned work asks for. */
interface Plan {
  title: Words
  body: Words
  startsAt: Instant
  endsAt: Instant
  components: string[]
}

type Reader = { zone: string; locale: Locale }

/** Reads the form that announces a maintenance; null when something is missing, with a sentence for each field. */
export function readPlan(typed: Typed, { zone, locale }: Reader): { plan: Plan | null; faults: Faults } {
  const w = wordsOf(locale).maintenance.faults
  const { startsAt, endsAt, faults } = readTimes(typed, { zone, locale })
  const title = wordsAt(typed, 'title')
  const body = wordsAt(typed, 'body')
  const components = [...typed.keys()].flatMap((name) => (name.startsWith('service.') ? [name.slice(8)] : []))
  if (!Object.keys(title).length) faults[`title.${locale}`] = w.title
  if (!Object.keys(body).length) faults[`body.${locale}`] = w.body
  if (!components.length) faults.components = w.services
  const whole = startsAt && endsAt && !Object.keys(faults).length
  return { plan: whole ? { title, body, startsAt, endsAt, components } : null, faults }
}

/** Reads start and end. */
function readTimes(typed: Typed, { zone, locale }: Reader) {
  const faults: Faults = {}
  const read = (name: 'startsAt' | 'endsAt') => {
    const at = readWall(typed.get(name) ?? '', zone)
    if (!at) faults[name] = wordsOf(locale).admin.faults.time
    return at
  }
  return { startsAt: read('startsAt'), endsAt: read('endsAt'), faults }
}

/**
 * Reads the form that moves one; null when a time is missing. A time that shows what it showed before is left alone,
 * because the field knows no seconds.
 */
export function readMove(typed: Typed, one: Maintenance, { zone, locale }: Reader) {
  const begins = typed.has('startsAt') ? typed : new Map([...typed, ['startsAt', wallText(one.startsAt, zone)]])
  const { startsAt, endsAt, faults } = readTimes(begins, { zone, locale })
  const same = (name: 'startsAt' | 'endsAt') => begins.get(name) === wallText(one[name], zone)
  const move =
    startsAt && endsAt
      ? {
          ...(same('startsAt') ? {} : { startsAt }),
          ...(same('endsAt') ? {} : { endsAt }),
          said: wordsAt(typed, 'said'),
        }
      : null
  return { move, faults }
}

/** What the API complains about, at the fields of these forms. */
export function faultsOf(fields: Record<string, string>, locale: Locale): Faults {
  const faults: Faults = {}
  for (const [name, sentence] of Object.entries(fields)) {
    const [first = '', second = ''] = name.split('.')
    if (['title', 'body', 'said'].includes(first)) faults[`${first}.${isLocale(second) ? second : locale}`] = sentence
    else faults[first] = sentence
  }
  return faults
}
