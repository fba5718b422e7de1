import { z } from '@hono/zod-openapi'
import { componentStatuses } from '#api/components/component.ts'
import { impacts, incidentStatuses } from '#api/incidents/incident.ts'
import { locales, type Words } from '#content/locales.ts'

// What routes answer with, for the OpenAPI document and the typed client.

export const words: z.ZodType<Words> = z
  .object(Object.fromEntries(locales.map((locale) => [locale, z.string().optional()])))
  .openapi('Words', { description: 'A text in each language it was written in.' })
export const instant = z.string().openapi({ format: 'date-time', example: '2026-11-11T12:12:00.000Z' })
export const id = z.string().openapi({ example: 'k3v9x0a7b2cd' })
export const componentStatus = z.enum(componentStatuses).openapi('ComponentStatus')
export const incidentStatus = z.enum(incidentStatuses).openapi('IncidentStatus')
export const impact = z.enum(impacts).openapi('Impact')
export const namedComponent = z.object({ id, name: words })
export const heldComponent = z.object({ id, name: words, status: componentStatus })

const problem = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      fields: z.record(z.string(), z.string()).optional(),
    }),
  })
  .openapi('Problem', { description: 'What went wrong, in a sentence, and a sentence for each field.' })

const reasons = {
  400: 'The body is not JSON.',
  401: 'Nobody is signed in, or the token is unknown.',
  403: 'This person or token may not do that.',
  404: 'It does not exist.',
  409: 'It does not fit what has happened meanwhile.',
  413: 'The body is too large.',
  422: 'A field is not right.',
  429: 'Too often; Retry-After says when to come back.',
} as const
type Refusal = keyof typeof reasons

const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})
type Answer<T extends z.ZodType> = ReturnType<typeof json<T>>

/** The refusals a route may answer with, for its `responses`. */
export const refusals = <R extends Refusal>(...codes: R[]): Record<R, Answer<typeof problem>> =>
  Object.fromEntries(codes.map((code) => [code, json(problem, reasons[code])])) as Record<R, Answer<typeof problem>>

/** A JSON answer, for a route's `responses`. */
export const answer = json

/** The body of a route: JSON, and never left out. */
export const body = <T extends z.ZodType>(schema: T) => ({
  body: { content: { 'application/json': { schema } }, required: true as const },
})

/** Who may call it is in api/accounts/permissions.ts; for the document, that a token is needed. */
export const secured = [{ token: [] }]

/** For the document: the header that makes the same post twice do one thing. `idempotent` in idempotency.ts reads it. */
export const keyed = {
  parameters: [
    {
      name: 'Idempotency-Key',
      in: 'header' as const,
      required: false,
      schema: { type: 'string' as const, minLength: 1, maxLength: 256 },
      description: 'The same key and body again get the stored answer for 24 hours, and do nothing.',
    },
  ],
}
