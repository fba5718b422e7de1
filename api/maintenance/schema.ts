import { z } from '@hono/zod-openapi'
import { id, instant, namedComponent, words } from '#api/http/shapes.ts'
import { maintenanceStatuses } from './maintenance.ts'
import type { Maintenance } from './show.ts'

const change = z
  .object({
    kind: z.enum(['moved', 'cancelled', 'completed']),
    startsAt: instant.openapi({ description: 'The window as it stood before.' }),
    endsAt: instant,
    said: words,
    at: instant,
  })
  .openapi('MaintenanceChange')

/** A maintenance as the management API and the public read API answer it: nothing of it is private. */
export const maintenanceShape: z.ZodType<Maintenance> = z
  .object({
    id,
    title: words,
    body: words,
    status: z.enum(maintenanceStatuses),
    startsAt: instant,
    endsAt: instant,
    announcedAt: instant,
    completedAt: instant.nullable(),
    cancelledAt: instant.nullable(),
    components: z.array(namedComponent),
    changes: z.array(change).openapi({ description: 'Oldest first.' }),
  })
  .openapi('Maintenance')
