import { type Instant, toMs } from '#api/lib/time.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { type Labels, wordsOf } from '#content/words.ts'
import type { Clock } from './clocks.ts'
import { type Difference, type Facts, withFacts } from './facts.ts'
import type { StatementType } from './types.ts'

/** 5S of 游昌乔: shoulder the matter, sincerity, speed, system, standard. */
export const principles = ['shoulder', 'sincerity', 'speed', 'system', 'standard'] as const
export type Principle = (typeof principles)[number]

/** What to look at again; advice, never a refusal. `about` is what it was found in. */
export interface Advice {
  principle: Principle
  finding:
    | 'blame'
    | 'nobodySpeaks'
    | 'noApology'
    | 'cliche'
    | 'noHelp'
    | 'promise'
    | 'hourPassed'
    | 'fourHoursPassed'
    | 'typedTime'
    | 'languagesDiffer'
    | 'oneLanguage'
    | 'differs'
    | 'noEvidence'
  locale: Locale | null
  about: string
}

export interface Advised {
  type: StatementType
  title: Words
  body: Words
  /** The facts that stand in it, and all that the fact sheet knows today. */
  facts: Facts
  sheet: Facts
  differs: Difference[]
  clocks: Clock[]
  /** Whether it is out: the clocks have no more to say then. */
  published: boolean
  now: Instant
}

/** What a check looks for in a text of one language. */
type Sign = keyof Labels['signs']['statements']
const signs = new Map<string, RegExp>()

/** Where a text shows a sign of its language; null where it does not. */
function findIn(text: string, sign: Sign, locale: Locale): string | null {
  const key = `${locale} ${sign}`
  const pattern = signs.get(key) ?? new RegExp(wordsOf(locale).signs.statements[sign], 'i')
  signs.set(key, pattern)
  return pattern.exec(text)?.[0] ?? null
}
const apologetic: StatementType[] = ['holding', 'apology', 'key_customer_letter', 'individual_notice', 'postmortem']
const evident: StatementType[] = ['rumour_answer', 'press_release', 'postmortem']
const clockTimes = /(?<!\d)(?:[01]?\d|2[0-3]):[0-5]\d(?!\d)/g

/** What a careful reader would ask before these words go out, in the order of the five S. */
export function adviceOn(text: Advised): Advice[] {
  const found: Advice[] = []
  const add = (principle: Principle, finding: Advice['finding'], locale: Locale | null, about = '') =>
    found.push({ principle, finding, locale, about })
  const whole = locales.flatMap((locale) => {
    const said = `${text.title[locale] ?? ''}\n${text.body[locale] ?? ''}`
    return said.trim() ? [{ locale, typed: said, shown: withFacts({ [locale]: said }, text.facts)[locale] ?? '' }] : []
  })
  for (const { locale, shown } of whole) {
    const blamed = findIn(shown, 'blame', locale)
    if (blamed) add('shoulder', 'blame', locale, blamed)
    if (!findIn(shown, 'speaker', locale) && text.type !== 'rumour_answer') add('shoulder', 'nobodySpeaks', locale)
    if (apologetic.includes(text.type) && !findIn(shown, 'apology', locale)) add('sincerity', 'noApology', locale)
    const worn = findIn(shown, 'cliche', locale)
    if (worn) add('sincerity', 'cliche', locale, worn)
    if (text.type === 'holding' && !findIn(shown, 'help', locale)) add('sincerity', 'noHelp', locale)
    const promised = findIn(shown, 'promise', locale)
    if (promised) add('sincerity', 'promise', locale, promised)
  }
  if (!text.published) {
    const late = text.clocks[0]?.limits.filter(({ dueAt, metAt }) => !metAt && toMs(dueAt) < toMs(text.now)) ?? []
    const worst = late.at(-1)
    if (worst) add('speed', worst.minutes === 60 ? 'hourPassed' : 'fourHoursPassed', null)
  }
  for (const { locale, typed } of whole) {
    const { started, ended } = text.sheet[locale]
    const known = timesIn(`${started ?? ''} ${ended ?? ''}`)
    const byHand = timesIn(typed).filter((time) => known.includes(time))
    if (byHand.length) add('system', 'typedTime', locale, byHand.join(', '))
  }
  const [first, ...others] = whole
  if (first) {
    for (const other of others)
      if (timesIn(first.shown).sort().join() !== timesIn(other.shown).sort().join())
        add(
          'system',
          'languagesDiffer',
          other.locale,
          `${timesIn(first.shown).join(', ')} / ${timesIn(other.shown).join(', ')}`,
        )
    for (const locale of locales) if (!whole.some((one) => one.locale === locale)) add('system', 'oneLanguage', locale)
  }
  for (const { locale, fact, used, now } of text.differs)
    add('system', 'differs', locale, `{${fact}} ${used} → ${now ?? '–'}`)
  if (evident.includes(text.type) && whole.length && !whole.some(({ shown }) => shown.includes('https://')))
    add('standard', 'noEvidence', null)
  return found
}

const timesIn = (text: string): string[] => [...new Set(text.match(clockTimes) ?? [])]
