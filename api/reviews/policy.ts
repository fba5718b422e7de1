import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { ReviewPolicy } from './review.ts'

const file = 'content/policy/reviews.yaml'
const day = z.string().regex(/^\d{4}-\d\d-\d\d$/, 'is no day such as 2026-10-01')
const days = z.int().min(0).max(365)
const span = z.union([z.strictObject({ calendarDays: days }), z.strictObject({ businessDays: days })])
const report = z.strictObject({ preliminaryHours: days.optional(), businessDays: days })
const schema: z.ZodType<ReviewPolicy> = z.strictObject({
  meeting: z.strictObject({ 1: span, 2: span }),
  report: z.strictObject({ 1: report, 2: report }),
  holidays: z.array(day),
  workdays: z.array(day),
})

function readPolicy(): ReviewPolicy {
  const read = schema.safeParse(parse(readFileSync(join(import.meta.dirname, '../..', file), 'utf8')))
  if (read.success) return read.data
  const faults = read.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'} ${message}`)
  throw new Error(`${file} is not right: ${faults.join('; ')}.`)
}

/** How much time a review and its report have: content/policy/reviews.yaml, read once. A wrong file stops the start. */
export const reviewPolicy: ReviewPolicy = readPolicy()
