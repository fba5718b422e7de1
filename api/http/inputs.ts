import { z } from '@hono/zod-openapi'
import { invalid } from '#api/errors.ts'
import { idPattern } from '#api/lib/ids.ts'
import { type Instant, parseInstant } from '#api/lib/time.ts'

const timeSentence = 'Write the time with its zone, such as 2026-11-11T20:02:00+08:00.'

/** An ISO 8601 instant with its zone, read into the form of the record. */
export const instantInput = z
  .string()
  .transform((text, ctx): Instant => {
    const instant = parseInstant(text)
    if (instant) return instant
    ctx.addIssue({ code: 'custom', message: timeSentence })
    return z.NEVER
  })
  .openapi({ type: 'string', format: 'date-time', example: '2026-11-11T20:02:00+08:00' })

export const idInput = z.string().regex(idPattern, 'An id is 12 lower-case letters and digits.')
export const idParam = z.object({ id: idInput })

/** How many things a list gives at the most and unless asked otherwise. */
const limitMax = 100
const limitDefault = 20

export const pageQuery = {
  cursor: z.string().max(200).optional(),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, `A limit is a number from 1 to ${limitMax}.`)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= limitMax, `A limit is a number from 1 to ${limitMax}.`)
    .optional(),
}

/** Where a list goes on: what its last entry was ordered by. Opaque to callers. */
export const cursorOf = (instant: Instant, id: string): string => Buffer.from(`${instant} ${id}`).toString('base64url')

/** Reads such a place; null without one. Throws `invalid` for anything else, so that nobody reads the first page for ever. */
export function readCursor(cursor: string | undefined): { instant: Instant; id: string } | null {
  if (cursor === undefined) return null
  const [text = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const instant = parseInstant(text)
  if (instant && idPattern.test(id)) return { instant, id }
  throw invalid('This cursor leads nowhere.', { cursor: 'Take it from the "next" of the page before.' })
}

/** One page of a list and the cursor of the next: asks for one more than it gives, to know whether there is more. */
export async function page<T>(
  limit: number | undefined,
  read: (count: number) => Promise<T[]>,
  place: (last: T) => string,
): Promise<{ rows: T[]; next: string | null }> {
  const count = limit ?? limitDefault
  const found = await read(count + 1)
  const rows = found.slice(0, count)
  const last = rows.at(-1)
  return { rows, next: found.length > count && last ? place(last) : null }
}
