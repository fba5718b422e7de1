import type { ComponentStatus, Row } from '#api/db/schema.ts'
import { fromJson } from '#api/lib/json.ts'
import type { Words } from '#content/locales.ts'

/** A component as staff and machines read it. */
export interface Component {
  id: string
  name: Words
  description: Words
  /** The state it is in now, whoever may know it. */
  status: ComponentStatus
  /** Whether the company's core business stands on it. */
  core: boolean
  position: number
  startDate: string
  group: { id: string; name: Words }
}

export function showComponent(
  row: Row<'component'>,
  group: Row<'componentGroup'>,
  status: ComponentStatus = 'operational',
): Component {
  return {
    id: row.id,
    name: fromJson<Words>(row.name),
    description: fromJson<Words>(row.description),
    status,
    core: row.core === 1,
    position: row.position,
    startDate: row.startDate,
    group: { id: group.id, name: fromJson<Words>(group.name) },
  }
}
