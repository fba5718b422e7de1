import type { OfferState } from '#api/compensation/offer.ts'
import { isPrivate } from '#api/incidents/incident.ts'
import type { Incident } from '#api/incidents/show.ts'
import { type Instant, minuteMs, toMs } from '#api/lib/time.ts'
import type { Counts } from '#api/notices/progress.ts'
import { clockTime, fullTime, shortTime } from '#api/notices/times.ts'
import { inLocale } from '#api/notices/told.ts'
import type { StatementState } from '#api/statements/statement.ts'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { fill, type Labels, wordsOf } from '#content/words.ts'
import type { Figures } from './figures.ts'
import { type ReportParts, reportParts } from './report.ts'
import { type Section, sections } from './sections.ts'

/** What the record holds of an incident that a review or a report begins with. */
export interface Recorded {
  incident: Incident
  figures: Figures
  /** When each component was back for good. */
  back: { name: Words; at: Instant }[]
  /** Deliveries by channel and state. */
  deliveries: Counts
  /** What was done to its facts, by which role: audit lines that are no updates. */
  done: { at: Instant; action: string; roles: readonly string[] }[]
  ratings: { mean: string | null; answers: number; asked: number; helped: { yes: number; no: number } }
  given: {
    offers: { name: Words; state: OfferState; claims: number }[]
    statements: { title: Words; state: StatementState; number: number }[]
  }
  /** What is going to be done, as it is written down. */
  actions: readonly { text: string; state: string }[]
  zone: string
}

interface Voice {
  locale: Locale
  p: Labels['reviews']['prefill']
  labels: Labels
  time(at: Instant): string
  short(at: Instant): string
  plain(words: Words): string
}

function voiceOf(locale: Locale, { incident, zone }: Recorded): Voice {
  const labels = wordsOf(locale)
  return {
    locale,
    labels,
    p: labels.reviews.prefill,
    time: (at) => fullTime(at, zone, locale),
    short: (at) => shortTime(at, incident.startedAt, zone, locale),
    plain: (words) => inLocale(words, locale).text,
  }
}

const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n')
const lines = (...texts: (string | null | undefined | false)[]) => texts.filter(Boolean).join('\n')
const endOf = ({ incident }: Recorded) => incident.endedAt ?? incident.resolvedAt
const told = ({ incident }: Recorded) =>
  incident.updates.filter(({ severity }) => !isPrivate(severity)).toSorted((a, b) => a.number - b.number)

/** Each section's first text as the record tells it, in every language; '' where only people know. */
export function prefillOf(recorded: Recorded): Record<Section, Words> {
  const written = Object.fromEntries(sections.map((section) => [section, {} as Words])) as Record<Section, Words>
  for (const locale of locales) {
    const voice = voiceOf(locale, recorded)
    for (const section of sections) written[section][locale] = writers[section]?.(recorded, voice) ?? ''
  }
  return written
}

type Writer = (recorded: Recorded, voice: Voice) => string

const firstNotice: Writer = ({ figures: { firstNotice } }, { p }) =>
  firstNotice.fromDiscovery !== null
    ? fill(p.first, { minutes: firstNotice.fromDiscovery })
    : firstNotice.fromOccurrence !== null
      ? fill(p.firstOccurred, { minutes: firstNotice.fromOccurrence })
      : ''

const firstStatement: Writer = ({ figures: { firstStatement } }, { p }) => {
  const { fromMention: mention, fromDeclaration: declaration } = firstStatement
  if (mention !== null && declaration !== null) return fill(p.spoken, { mention, declaration })
  return declaration === null ? '' : fill(p.spokenDeclared, { declaration })
}

const handling: Writer = ({ figures: { handling } }, { p }) =>
  handling.fromDiscovery === null || handling.fromOccurrence === null
    ? ''
    : fill(p.handling, { discovery: handling.fromDiscovery, occurrence: handling.fromOccurrence })

const span: Writer = (recorded, { p, time, short }) => {
  const end = endOf(recorded)
  const start = time(recorded.incident.startedAt)
  return end ? fill(p.span, { start, end: short(end) }) : fill(p.open, { start })
}

const minutes: Writer = ({ figures }, { p, plain, labels }) =>
  list(
    figures.components.map((component) => {
      const states = component.states.map((one) =>
        fill(p.state, { status: labels.page.status[one.status], minutes: one.minutes }),
      )
      return fill(p.component, {
        name: plain(component.name),
        minutes: component.minutes,
        states: states.join(labels.subscribe.list),
      })
    }),
  )

const writers: Partial<Record<Section, Writer>> = {
  summary: (recorded, voice) =>
    lines(voice.plain(recorded.incident.title), span(recorded, voice), firstNotice(recorded, voice)),
  impact: (recorded, voice) =>
    lines(voice.plain(recorded.incident.scope), minutes(recorded, voice), firstNotice(recorded, voice)),
  timeline,
  what_happened: (recorded, voice) => bodyOf(recorded, voice, 'identified'),
  detection: ({ incident }, { p }) =>
    incident.detectedAt
      ? fill(p.detection, { minutes: minutesFrom(incident.occurredAt ?? incident.startedAt, incident.detectedAt) })
      : '',
  response: handling,
  communication: (recorded, voice) => {
    const { figures, deliveries } = recorded
    const { p, labels } = voice
    const channels = Object.entries(deliveries).map(([channel, { total: _, ...states }]) => {
      const names: Record<string, string> = labels.admin.channels
      const counts = Object.entries(states).map(([state, count]) =>
        fill(p.channelCount, { state: labels.admin.states[state as keyof typeof states], count }),
      )
      return fill(p.channel, { channel: names[channel] ?? channel, counts: counts.join(labels.subscribe.list) })
    })
    return lines(
      firstNotice(recorded, voice),
      firstStatement(recorded, voice),
      figures.cadence.due > 0 && fill(p.cadence, figures.cadence),
      figures.longestSilence !== null && fill(p.silence, { minutes: figures.longestSilence }),
      fill(p.updates, { updates: figures.updates, corrections: figures.corrections }),
      channels.length ? list(channels) : p.nobody,
    )
  },
  compensation: ({ given }, { p, plain, labels }) => {
    const offerStates = labels.compensation.desk.states
    const statementStates = labels.statements.desk.state
    const { offers, statements } = given
    if (!offers.length && !statements.length) return p.nothingGiven
    return lines(
      offers.length > 0 && fill(p.offers, { count: offers.length }),
      list(
        offers.map((one) =>
          fill(p.offer, { claims: one.claims, state: offerStates[one.state], name: plain(one.name) }),
        ),
      ),
      statements.length > 0 && fill(p.statements, { count: statements.length }),
      list(
        statements.map((one) =>
          fill(p.statement, { number: one.number, state: statementStates[one.state], title: plain(one.title) }),
        ),
      ),
    )
  },
  recovery: ({ incident, back }, { p, plain, short }) =>
    lines(
      list(back.map(({ name, at }) => fill(p.back, { name: plain(name), time: short(at) }))),
      incident.resolvedAt && fill(p.resolved, { time: short(incident.resolvedAt) }),
    ),
  lessons: (_, { p }) => p.lessons,
  evaluation: (recorded, voice) => {
    const { ratings } = recorded
    const { mean, answers, asked, helped } = ratings
    return lines(
      handling(recorded, voice),
      mean === null ? voice.p.notRated : fill(voice.p.rated, { mean, answers, asked }),
      helped.yes + helped.no > 0 && fill(voice.p.helped, helped),
    )
  },
}

const minutesFrom = (from: Instant, to: Instant) => Math.max(0, Math.round((toMs(to) - toMs(from)) / minuteMs))

/** Updates with what they changed, what was done to the facts, and the two moments before the first word: in time's order. */
function timeline(recorded: Recorded, { p, labels, plain, short, locale }: Voice): string {
  const { incident, done } = recorded
  const names = new Map(incident.components.map(({ id, name }) => [id, plain(name)]))
  const roles: Record<string, string> = labels.admin.roles
  const acts: Record<string, string> = labels.admin.actions
  const entries: { at: Instant; what: string }[] = [
    { at: incident.occurredAt ?? incident.startedAt, what: p.occurred },
    ...(incident.detectedAt ? [{ at: incident.detectedAt, what: p.detected }] : []),
    ...told(recorded).map((update) => {
      const effects = update.effects.map((effect) =>
        fill(p.effect, { name: names.get(effect.componentId) ?? '', new: labels.page.status[effect.newStatus] }),
      )
      const said = fill(p.said, { phase: labels.page.phase[update.status], text: opening(plain(update.body), locale) })
      return { at: update.createdAt, what: [said, ...effects].join(' · ') }
    }),
    ...done.map(({ at, action, roles: held }) => {
      const who = held.map((role) => roles[role] ?? role).join(labels.subscribe.list)
      const what = acts[action] ?? action
      return { at, what: who ? fill(p.by, { what, who }) : what }
    }),
  ]
  return list(
    entries.toSorted((a, b) => a.at.localeCompare(b.at)).map(({ at, what }) => fill(p.line, { time: short(at), what })),
  )
}

/** A text's first sentence. */
function opening(text: string, locale: Locale): string {
  const line = text.replace(/\s+/g, ' ').trim()
  const [sentence] = new Intl.Segmenter(locale, { granularity: 'sentence' }).segment(line)
  return sentence?.segment.trim() ?? ''
}

const bodyOf = (recorded: Recorded, { plain }: Voice, status: string): string =>
  plain(told(recorded).find((update) => update.status === status)?.body ?? {})

/** The public version as the record can begin it, part by part in every language. People make it a report. */
export function reportPrefill(recorded: Recorded): ReportParts {
  const parts = Object.fromEntries(reportParts.map((part) => [part, {} as Words])) as ReportParts
  for (const locale of locales) {
    const voice = voiceOf(locale, recorded)
    const { p, plain, time, short } = voice
    const { incident, figures, actions } = recorded
    const end = endOf(recorded)
    const whole = end ? minutesFrom(incident.startedAt, end) : 0
    const start = time(incident.startedAt)
    const unaffected = plain(incident.notAffected)
    parts.scope[locale] = lines(
      plain(incident.title),
      plain(incident.scope),
      unaffected && fill(p.unaffected, { text: unaffected.replace(/\n/g, wordsOf(locale).page.list) }),
    )
    parts.times[locale] = lines(
      end ? fill(p.times, { start, end: short(end), minutes: whole }) : fill(p.noTimes, { start }),
      figures.components.length > 0 && `\n${minutes(recorded, voice)}`,
    )
    parts.cause[locale] = bodyOf(recorded, voice, 'identified')
    parts.handling[locale] = list(
      told(recorded)
        .filter(({ status }, i, all) => status !== all[i - 1]?.status)
        .map(({ createdAt, body }) =>
          fill(p.step, { time: clockTime(createdAt, recorded.zone), text: opening(plain(body), locale) }),
        ),
    )
    parts.changes[locale] = list(
      actions.filter(({ state }) => state !== 'dropped').map(({ text }) => fill(p.change, { text })),
    )
    parts.apology[locale] = p.apology
  }
  return parts
}
