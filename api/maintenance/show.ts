import type { Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Instant } from '#api/lib/time.ts'
import type { Words } from '#content/locales.ts'
import { maintenanceStatus } from './maintenance.ts'

/** A maintenance as it stands at an instant. */
export interface Maintenance {
  id: string
  title: Words
  body: Words
  status: Row<'maintenance'>['status']
  startsAt: Instant
  endsAt: Instant
  announcedAt: Instant
  completedAt: Instant | null
  components: { id: string; name: Words }[]
}

export function showMaintenance(
  row: Row<'maintenance'>,
  components: { maintenanceId: string; id: string; name: string }[],
  now: Instant,
): Maintenance {
  const { createdBy: _, ...rest } = row
  return {
    ...rest,
    title: fromJson<Words>(row.title),
    body: fromJson<Words>(row.body),
    status: maintenanceStatus(row, now),
    components: components
      .filter(({ maintenanceId }) => maintenanceId === row.id)
      .map(({ id, name }) => ({ id, name: fromJson<Words>(name) })),
  }
}
