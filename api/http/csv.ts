import type { Context } from 'hono'
import { stream } from 'hono/streaming'

/** Answers with a CSV file that is written while it is read: memory holds one piece of it. `name` is without its ending. */
export function csvAnswer(c: Context, name: string, pieces: AsyncIterable<string>): Response {
  c.header('Content-Type', 'text/csv; charset=utf-8')
  c.header('Content-Disposition', `attachment; filename="${name}.csv"`)
  return stream(c, async (out) => {
    for await (const piece of pieces) await out.write(piece)
  })
}
