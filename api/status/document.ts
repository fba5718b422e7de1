import type { ComponentStatus, Impact, IncidentStatus } from '#api/db/schema.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Maintenance } from '#api/maintenance/show.ts'
import type { FactName } from '#api/statements/facts.ts'
import type { StatementType } from '#api/statements/types.ts'
import type { Words } from '#content/locales.ts'

// What the public may know, and nothing else: the shape of the public read API and of everything drawn from it.

/** One day of a component's 90: the worst that happened, or "none" before the component existed. */
export type DayMark = ComponentStatus | 'none'

/** A day on which a component was not operational all the time, and how long it was in which state, the gravest first. */
export interface BadDay {
  date: string
  /** `seconds` of what ended on the day or went on beyond it; `since` when what still goes on began. */
  states: { status: ComponentStatus; seconds: number; since: Instant | null }[]
}

export interface PublicComponent {
  id: string
  name: Words
  description: Words
  core: boolean
  status: ComponentStatus
  /** When its state last changed within the window; its first day when it did not. */
  changedAt: Instant
  startDate: string
  /** Percent over the window, floored to three decimals: "99.931". */
  uptime: string
  /** 90 marks, oldest first, today last, by days of the page's zone. */
  days: DayMark[]
  /** Those of them that were not operational, oldest first. */
  badDays: BadDay[]
}

export interface PublicGroup {
  id: string
  name: Words
  components: PublicComponent[]
}

interface PublicEffect {
  componentId: string
  name: Words
  oldStatus: ComponentStatus
  newStatus: ComponentStatus
}

export interface PublicUpdate {
  id: string
  number: number
  status: IncidentStatus
  body: Words
  createdAt: Instant
  nextUpdateAt: Instant | null
  /** Whether subscribers were told of it. */
  notified: boolean
  /** The update it corrects, and on that one the update that corrects it. */
  correctsId: string | null
  correctedById: string | null
  effects: PublicEffect[]
}

/** Something that is given to those an incident affected: announced once it is live, marked when it is over. */
export interface PublicOffer {
  id: string
  state: 'live' | 'closed'
  basis: 'sla' | 'goodwill'
  title: Words
  terms: Words
  /** Nothing need be done for it. */
  automatic: boolean
  announcedAt: Instant
  claimFrom: Instant
  claimUntil: Instant
}

export interface PublicIncident {
  id: string
  code: string
  /** "known_issue" and "advisory" are level 4: words that stand apart and touch no component. */
  kind: 'incident' | 'known_issue' | 'advisory'
  impact: Impact
  status: IncidentStatus
  title: Words
  scope: Words
  notAffected: Words
  workaround: Words
  startedAt: Instant
  endedAt: Instant | null
  resolvedAt: Instant | null
  createdAt: Instant
  nextUpdateAt: Instant | null
  /** The promise has passed and nothing was said. */
  late: boolean
  /** Components it has touched, with the state it holds them in now (operational once they are back), the gravest first. */
  affected: { id: string; name: Words; status: ComponentStatus }[]
  /** What the company shows of how its customers rated the telling, as of an instant; null when it shows nothing. */
  rating: { mean: string; answers: number; at: Instant } | null
  /** What is given after it, the oldest first. */
  offers: PublicOffer[]
  /** Newest first. */
  updates: PublicUpdate[]
  /** What the company has said beside its updates, the newest first. */
  statements: StatementLink[]
}

export type StatementStanding = 'published' | 'corrected' | 'withdrawn' | 'superseded'

/** A public statement where it is only named. */
export interface StatementLink {
  id: string
  type: StatementType
  standing: StatementStanding
  title: Words
  publishedAt: Instant
  /** When readers last heard something new of it. */
  changedAt: Instant
}

/** A public statement. `GET /api/v1/status/statements/{id}` */
export interface PublicStatement extends StatementLink {
  /** Nothing once it was withdrawn. */
  body: Words
  /** When it was to be published, if it came out late. */
  scheduledFor: Instant | null
  /** What was put right, the newest first. */
  corrections: { at: Instant; note: Words }[]
  withdrawnAt: Instant | null
  withdrawnReason: Words
  supersededAt: Instant | null
  supersededBy: { id: string; title: Words } | null
  /** Facts that it tells otherwise than the incident's page does today. */
  differs: FactName[]
  incident: { id: string; title: Words } | null
}

/** The public report on an incident where it is only named: its text is an update of the incident. */
export interface ReportLink extends Pick<StatementLink, 'title' | 'publishedAt' | 'changedAt'> {
  incidentId: string
  standing: Extract<StatementStanding, 'published' | 'corrected'>
  /** The newest of its updates, by its number on the incident. */
  number: number
}

/** Something that happened to a statement: an entry of its feed. */
export interface StatementNews {
  at: Instant
  kind: StatementStanding
  /** Tells two corrections of one statement apart. */
  number: number
  statement: PublicStatement
}

/** Nothing of a maintenance is private. */
export type PublicMaintenance = Maintenance

/** One line of the past: an incident or a maintenance, or a run of days on which nothing happened. */
export type PastEntry =
  | { kind: 'incident'; date: string; incident: PublicIncident }
  | { kind: 'maintenance'; date: string; maintenance: PublicMaintenance }
  | { kind: 'quiet'; from: string; to: string }

/** Everything the home page shows. `GET /api/v1/status` */
export interface StatusDocument {
  revision: number
  /** When this was drawn up; everything in it is true of this instant. */
  at: Instant
  /** When anything in it last changed, by somebody's word or by the clock. */
  changedAt: Instant
  zone: string
  /** The worst state any component is in, and how many are in it. */
  overall: { status: ComponentStatus; count: number }
  /** Open incidents, the gravest first, then the oldest: the first one speaks. */
  open: PublicIncident[]
  /** What is open of level 4, known issues and advisories. */
  knownIssues: PublicIncident[]
  groups: PublicGroup[]
  maintenances: PublicMaintenance[]
  /** The last 14 days, newest first. */
  past: PastEntry[]
  /** The month ("2026-11") the history begins with, for the link to older ones; null when there is none. */
  firstMonth: string | null
}

/** One month of history. `GET /api/v1/status/history/{yyyy-mm}` */
export interface HistoryDocument {
  month: string
  revision: number
  at: Instant
  zone: string
  incidents: PublicIncident[]
  maintenances: PublicMaintenance[]
  /** Statements that were published in it, the youngest first. */
  statements: PublicStatement[]
  /** Neighbouring months that hold something. */
  older: string | null
  newer: string | null
}

/** Uptime by component and month. `GET /api/v1/status/uptime` */
export interface UptimeDocument {
  at: Instant
  zone: string
  /** "2026-11", the youngest first; the first is not over yet. */
  months: string[]
  groups: {
    id: string
    name: Words
    /** Percent for each of the months, floored to three decimals; null before the component existed. */
    components: { id: string; name: Words; startDate: string; uptimes: (string | null)[] }[]
  }[]
}

/** One update with what it belongs to: an entry of a feed. `GET /api/v1/status/updates` */
export interface FeedEntry {
  incident: Omit<PublicIncident, 'updates' | 'statements'>
  update: PublicUpdate
}
