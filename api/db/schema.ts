import type { Insertable, Selectable } from 'kysely'
import type { Instant } from '#api/lib/time.ts'
import type { Customers } from './schema-customers.ts'
import type { Ledger } from './schema-ledger.ts'
import type { Offers } from './schema-offers.ts'
import type { Reviews } from './schema-reviews.ts'
import type { Statements } from './schema-statements.ts'

export type { AffectedSource, ImportKind, ImportState, RowFate } from './schema-customers.ts'
export type { DeliveryState } from './schema-ledger.ts'

// Columns typed Json hold JSON text on both engines; Flag is 0 or 1; instants are ISO text in UTC.
type Json = string
type Flag = number

export type ComponentStatus =
  | 'operational'
  | 'degraded_performance'
  | 'partial_outage'
  | 'major_outage'
  | 'under_maintenance'
export type IncidentStatus = 'investigating' | 'identified' | 'monitoring' | 'resolved' | 'postmortem'
export type MaintenanceStatus = 'scheduled' | 'in_progress' | 'verifying' | 'completed' | 'cancelled'
export type MaintenanceChangeKind = 'moved' | 'cancelled' | 'completed'
export type Impact = 'none' | 'minor' | 'major' | 'critical'
export interface Schema extends Ledger, Customers, Offers, Reviews, Statements {
  /** Small facts about this installation: the revision counter, the demonstration's clock. */
  meta: { key: string; value: string }

  componentGroup: { id: string; name: Json; position: number }
  component: {
    id: string
    groupId: string
    name: Json
    description: Json
    core: Flag
    position: number
    /** The first day ("2026-08-01", page zone) that counts; earlier days are grey. */
    startDate: string
    archivedAt: Instant | null
  }
  /** Times when a component was not operational, because of one incident. Operational time is the absence of rows. */
  statusInterval: {
    id: string
    componentId: string
    incidentId: string
    updateId: string
    status: ComponentStatus
    startedAt: Instant
    endedAt: Instant | null
  }

  incident: {
    id: string
    /** 4 to 6 letters and digits, for /i/{code}/ in an SMS; random and never reused. */
    code: string
    /** 1 (gravest) to 4. Internal: the public sees impact. 3 is private. */
    severity: number
    /** 1 when a word of level 4 is an advisory; 0 when it is a known issue, and on every other level. */
    advisory: number
    status: IncidentStatus
    impact: Impact
    title: Json
    // The fact sheet: page, messages and statements read these and nothing else.
    scope: Json
    notAffected: Json
    workaround: Json
    occurredAt: Instant | null
    detectedAt: Instant | null
    startedAt: Instant
    endedAt: Instant | null
    nextUpdateAt: Instant | null
    createdAt: Instant
    createdBy: string
    resolvedAt: Instant | null
    resolvedBy: string | null
  }
  /** Append-only: what was published. A correction is another row that names the one it corrects. */
  incidentUpdate: {
    id: string
    incidentId: string
    number: number
    status: IncidentStatus
    /** The incident's severity when this was published: tells whether it was raised since. */
    severity: number
    body: Json
    nextUpdateAt: Instant | null
    correctsId: string | null
    notify: Flag
    createdAt: Instant
    createdBy: string
  }
  updateEffect: { updateId: string; componentId: string; oldStatus: ComponentStatus; newStatus: ComponentStatus }

  maintenance: {
    id: string
    title: Json
    body: Json
    status: MaintenanceStatus
    startsAt: Instant
    endsAt: Instant
    announcedAt: Instant
    completedAt: Instant | null
    cancelledAt: Instant | null
    /** The part of the window that customers knew of long enough ahead: it is left out of uptime. Null when there is none. */
    excusedFrom: Instant | null
    excusedUntil: Instant | null
    createdBy: string
  }
  /** Append-only: what became of a maintenance after it was announced. `number` counts from 1. */
  maintenanceChange: {
    maintenanceId: string
    number: number
    kind: MaintenanceChangeKind
    /** The window as it stood before. */
    startsAt: Instant
    endsAt: Instant
    said: Json
    createdAt: Instant
    createdBy: string
  }
  maintenanceComponent: { maintenanceId: string; componentId: string }

  audit: {
    id: string
    at: Instant
    actorId: string
    action: string
    subjectId: string
    before: Json | null
    after: Json | null
  }
  /** What has happened and must be shown or told: written in the transaction of the change. `seq` has no gaps. */
  outbox: {
    seq: number
    kind: string
    incidentId: string | null
    updateId: string | null
    /** Who is told (an Audience as JSON), fixed now; null when nobody is. */
    audience: Json | null
    createdAt: Instant
    /** When the worker made a notice of it, or saw that there is nobody to tell. */
    takenAt: Instant | null
  }

  /** Answers kept by Idempotency-Key or a form's one-time key: the same post twice does one thing. */
  idempotency: {
    scope: string
    key: string
    requestHash: string
    status: number | null
    body: string | null
    createdAt: Instant
  }
  apiToken: {
    id: string
    name: string
    role: string
    secretHash: string
    createdAt: Instant
    createdBy: string
    revokedAt: Instant | null
    lastUsedAt: Instant | null
  }
  staffRole: { userId: string; role: string }
  oneTimeLink: {
    secretHash: string
    purpose: string
    createdAt: Instant
    expiresAt: Instant
    usedAt: Instant | null
  }
}

export type Row<T extends keyof Schema> = Selectable<Schema[T]>
export type NewRow<T extends keyof Schema> = Insertable<Schema[T]>
