import { z } from '@hono/zod-openapi'
import { id, instant, words } from '#api/http/shapes.ts'
import { locales } from '#content/locales.ts'
import { type Advice, principles } from './advice.ts'
import type { Clock } from './clocks.ts'
import { type Difference, type Facts, factNames } from './facts.ts'
import type { Question } from './question.ts'
import type { Statement } from './show.ts'
import { statementStates } from './statement.ts'
import { type Audience, statementTypes, visibilities } from './types.ts'

const locale = z.enum(locales)
export const statementType = z.enum(statementTypes, { error: `A type is one of ${statementTypes.join(', ')}.` })
export const visibility = z.enum(visibilities, { error: `A visibility is one of ${visibilities.join(', ')}.` })
const outState = z.enum(['published', 'corrected', 'withdrawn', 'superseded'])
const text = z.object({ title: words, body: words })
const facts = z.object(
  Object.fromEntries(locales.map((one) => [one, z.partialRecord(z.enum(factNames), z.string())])),
) as unknown as z.ZodType<Facts>

const difference: z.ZodType<Difference> = z
  .object({ locale, fact: z.enum(factNames), used: z.string(), now: z.string().nullable() })
  .openapi('FactDifference')
const piece = z.object({ kind: z.enum(['same', 'removed', 'added']), text: z.string() })
const changed = z.object({ field: z.enum(['title', 'body', 'note']), locale, pieces: z.array(piece) })
const advice = z
  .object({ principle: z.enum(principles), finding: z.string(), locale: locale.nullable(), about: z.string() })
  .openapi('StatementAdvice') as unknown as z.ZodType<Advice>

const version = z
  .object({
    id,
    number: z.number(),
    title: words,
    body: words,
    text,
    facts,
    note: words,
    hash: z.string(),
    fromTemplate: z.boolean(),
    createdAt: instant,
    createdBy: z.string(),
    author: z.string().nullable(),
    changes: z.array(changed),
  })
  .openapi('StatementVersion')
const event = z
  .object({
    kind: z.string(),
    at: instant,
    by: z.string(),
    name: z.string().nullable(),
    version: z.number(),
    note: z.string().nullable(),
  })
  .openapi('StatementEvent')

/** A statement as the management API answers it. */
export const statementShape: z.ZodType<Statement> = z
  .object({
    id,
    incidentId: id,
    type: statementType,
    visibility,
    audience: z.array(z.string() as unknown as z.ZodType<Audience>),
    readers: z.array(z.string()),
    state: z.enum(statementStates),
    out: outState.nullable().openapi({ description: 'What readers see of it; null while nothing of it is out.' }),
    template: z.string().nullable(),
    needsLegal: z.boolean(),
    title: words,
    body: words,
    text,
    note: words,
    version: z.number(),
    versionId: id,
    hash: z.string().openapi({ description: 'SHA-256 over the text in every language: what an approval names.' }),
    approvedHash: z.string().nullable(),
    publishedVersion: z.number().nullable(),
    publishAt: instant.nullable(),
    publishedAt: instant.nullable(),
    lateMs: z.number(),
    correctedAt: instant.nullable(),
    withdrawnAt: instant.nullable(),
    withdrawnReason: words,
    supersededById: id.nullable(),
    supersededAt: instant.nullable(),
    createdAt: instant,
    createdBy: z.string(),
    differs: z.array(difference),
    publicDiffers: z.array(difference),
    advice: z.array(advice),
    versions: z.array(version),
    events: z.array(event),
  })
  .openapi('Statement')

export const questionShape: z.ZodType<Question> = z
  .object({
    id,
    incidentId: id,
    state: z.enum(['waiting', 'returned', 'approved', 'ended']),
    question: words,
    answer: words,
    text: z.object({ question: words, answer: words }),
    hash: z.string(),
    replacesId: id.nullable(),
    createdAt: instant,
    createdBy: z.string(),
    author: z.string().nullable(),
    approvedAt: instant.nullable(),
    approver: z.string().nullable(),
    returnedNote: z.string().nullable(),
    endedAt: instant.nullable(),
    differs: z.array(difference),
  })
  .openapi('Question')

export const rumourShape = z
  .object({
    id,
    incidentId: id,
    text: z.string(),
    source: z.string(),
    seenAt: instant,
    createdAt: instant,
    createdBy: z.string(),
    decision: z.enum(['answer', 'watch']).nullable(),
    decidedAt: instant.nullable(),
    decidedBy: z.string().nullable(),
    statementId: id.nullable(),
    dueAt: instant.nullable().openapi({ description: 'By when it is to be answered: an hour after the decision.' }),
  })
  .openapi('Rumour')

const clock: z.ZodType<Clock> = z
  .object({
    from: z.enum(['mention', 'declaration']),
    at: instant,
    limits: z.array(
      z.object({
        minutes: z.literal([60, 240]),
        dueAt: instant,
        metAt: instant.nullable(),
        missed: z.boolean(),
      }),
    ),
    spokenAfterMinutes: z.number().nullable(),
  })
  .openapi('StatementClock')

/** What the clocks of an incident run from, and how they stand. */
export const clocksShape = z
  .object({
    id,
    mentionedAt: instant.nullable(),
    source: z.string(),
    declaredAt: instant,
    firstStatementAt: instant.nullable(),
    clocks: z.array(clock),
    facts,
  })
  .openapi('StatementClocks')
