import type { MaintenanceChangeKind, MaintenanceStatus, Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { maintenanceStatus } from './maintenance.ts'

/** What became of a maintenance after it was announced. */
export interface MaintenanceChange {
  kind: MaintenanceChangeKind
  /** The window as it stood before. */
  startsAt: Instant
  endsAt: Instant
  /** What was said about it; may be empty. */
  said: Words
  at: Instant
}

/** A maintenance as it stands at an instant. */
export interface Maintenance {
  id: string
  title: Words
  body: Words
  status: MaintenanceStatus
  startsAt: Instant
  endsAt: Instant
  announcedAt: Instant
  completedAt: Instant | null
  cancelledAt: Instant | null
  components: { id: string; name: Words }[]
  /** Oldest first. */
  changes: MaintenanceChange[]
}

/** The rows that stand beside maintenances. */
export interface MaintenanceParts {
  components: { maintenanceId: string; id: string; name: string }[]
  /** Oldest first. */
  changes: Row<'maintenanceChange'>[]
}

export function showMaintenance(row: Row<'maintenance'>, parts: MaintenanceParts, now: Instant): Maintenance {
  const { createdBy: _, excusedFrom: __, excusedUntil: ___, ...rest } = row
  return {
    ...rest,
    title: fromJson<Words>(row.title),
    body: fromJson<Words>(row.body),
    status: maintenanceStatus(row, now),
    components: parts.components
      .filter(({ maintenanceId }) => maintenanceId === row.id)
      .map(({ id, name }) => ({ id, name: fromJson<Words>(name) })),
    changes: parts.changes
      .filter(({ maintenanceId }) => maintenanceId === row.id)
      .map(({ kind, startsAt, endsAt, said, createdAt }) => ({
        kind,
        startsAt,
        endsAt,
        said: fromJson<Words>(said),
        at: createdAt,
      })),
  }
}
