import { z } from '@hono/zod-openapi'
import { componentStatuses } from '#api/components/component.ts'
import { idInput, instantInput } from '#api/http/inputs.ts'
import { id, instant, words } from '#api/http/shapes.ts'
import { optionalWordsInput } from '#api/http/words.ts'
import { impacts, incidentStatuses } from '#api/incidents/incident.ts'
import type { Site } from '#api/site.ts'
import { locales } from '#content/locales.ts'
import { againStates } from './again.ts'
import { deliveryStates } from './delivery.ts'

/** Longest texts, in characters: those of the routes that publish. */
const titleLengthMax = 200
const factLengthMax = 1_000
const bodyLengthMax = 10_000
const componentsMax = 500

/** A draft may be half written: only the status must be there. */
export function draftInput({ defaultLocale }: Site) {
  const fact = optionalWordsInput(defaultLocale, factLengthMax).optional()
  return z
    .strictObject({
      incidentId: idInput.optional(),
      title: optionalWordsInput(defaultLocale, titleLengthMax, { line: true }).optional(),
      severity: z.literal([1, 2, 3, 4]).optional(),
      advisory: z.boolean().optional(),
      impact: z.enum(impacts).optional(),
      status: z.enum(incidentStatuses),
      startedAt: instantInput.optional(),
      scope: fact,
      notAffected: fact,
      workaround: fact,
      components: z
        .array(z.strictObject({ id: idInput, status: z.enum(componentStatuses) }))
        .max(componentsMax)
        .optional(),
      body: optionalWordsInput(defaultLocale, bodyLengthMax).default({}),
      nextUpdateAt: instantInput.nullable().optional(),
      effectiveAt: instantInput.optional(),
      corrects: idInput.nullable().optional(),
      notify: z.boolean().optional(),
    })
    .openapi('NoticeDraft', { description: 'The body of a new incident or, with incidentId, of an update on it.' })
}

const locale = z.enum(locales)
const perLocale = <T extends z.ZodType>(shape: T) =>
  z.object(Object.fromEntries(locales.map((one) => [one, shape])) as Record<(typeof locales)[number], T>)

export const previewShape = z
  .object({
    email: perLocale(z.object({ subject: z.string(), html: z.string(), text: z.string() })),
    sms: perLocale(
      z.object({
        text: z.string(),
        encoding: z.enum(['GSM-7', 'UCS-2']),
        length: z.int(),
        units: z.int(),
        segments: z.int(),
      }),
    ),
    reach: z.record(
      z.string(),
      z.object({
        people: z.int(),
        suppressed: z.int(),
        locales: z.partialRecord(locale, z.int()),
        off: z.string().nullable(),
        cost: z
          .object({ amountMinor: z.int(), currency: z.string() })
          .nullable()
          .optional()
          .openapi({ description: 'SMS only; null when no price per segment is set.' }),
        pace: z
          .object({
            segments: z.int(),
            segmentsPerSecond: z.number().nullable(),
            seconds: z.int(),
            notReached: z.int(),
          })
          .optional()
          .openapi({
            description: 'SMS only: how long the sender takes, and how many people it does not reach in time.',
          }),
      }),
    ),
    warnings: z.array(z.string()),
  })
  .openapi('NoticePreview')

const deliveryState = z.enum(deliveryStates).openapi('DeliveryState')

/** A way notices travel, and why nothing does. */
export const channelShape = z
  .object({
    name: z.string(),
    provider: z.string(),
    off: z.string().nullable(),
    stopped: z.string().nullable(),
    stoppedAt: instant.nullable(),
  })
  .openapi('Channel')

/** Several deliveries that ended alike. */
const alike = {
  updateId: id.nullable(),
  channel: z.string(),
  state: deliveryState,
  reason: z.string().nullable().openapi({ description: 'Without addresses: "…" stands for one.' }),
  count: z.int(),
}

export const ledgerShape = z
  .object({
    counts: z
      .record(z.string(), z.looseObject({ total: z.int() }))
      .openapi({ example: { email: { total: 10930, sent: 10869, suppressed: 61 } } }),
    progress: z
      .record(
        z.string(),
        z.object({
          total: z.int(),
          waiting: z.int(),
          perMinute: z.int().nullable(),
          endsAt: instant.nullable(),
        }),
      )
      .openapi({ description: 'How far each channel is; rate and end are known once something was seen to move.' }),
    reasons: z
      .array(z.object({ ...alike, again: z.boolean() }))
      .openapi({ description: 'Why rows were not sent or did not arrive. `again`: they can be tried once more.' }),
    held: z.array(z.object({ noticeId: id, updateId: id.nullable(), reason: z.string(), since: instant })),
    channels: z.array(channelShape),
    finding: z.boolean().openapi({ description: 'Recipients are still being found: the totals grow.' }),
    data: z.array(
      z.object({
        id,
        updateId: id.nullable(),
        updateNumber: z.int().nullable(),
        channel: z.string(),
        address: z.string(),
        locale,
        state: deliveryState,
        reason: z.string().nullable(),
        attempts: z.int(),
        possibleDuplicate: z.boolean(),
        createdAt: instant,
        updatedAt: instant,
        sentAt: instant.nullable(),
      }),
    ),
    next: z.string().nullable(),
  })
  .openapi('Ledger')

export const searchShape = z
  .object({
    standing: z.array(
      z.object({
        channel: z.string(),
        address: z.string(),
        subscriber: z
          .object({
            id,
            confirmedAt: instant.nullable(),
            closedAt: instant.nullable(),
            closedReason: z.string().nullable(),
          })
          .nullable(),
        suppressed: z.object({ reason: z.string(), source: z.string(), createdAt: instant }).nullable(),
        liftable: z.boolean(),
      }),
    ),
    data: z.array(
      z.object({
        id,
        kind: z.string(),
        incidentId: id.nullable(),
        title: words.nullable(),
        updateId: id.nullable(),
        updateNumber: z.int().nullable(),
        channel: z.string(),
        address: z.string(),
        state: deliveryState,
        reason: z.string().nullable(),
        possibleDuplicate: z.boolean(),
        providerId: z.string().nullable(),
        createdAt: instant,
        updatedAt: instant,
        sentAt: instant.nullable(),
        moments: z.array(
          z.object({
            at: instant,
            what: z.enum(['written', 'attempt', 'receipt', 'ended', 'asked']),
            state: z.string().nullable(),
            reason: z.string().nullable(),
          }),
        ),
      }),
    ),
    next: z.string().nullable(),
  })
  .openapi('Told')

const about = {
  noticeId: id,
  incidentId: id.nullable(),
  title: words,
  updateId: id.nullable(),
  updateNumber: z.int().nullable(),
}

export const alarmsShape = z
  .object({
    channels: z.array(
      z.object({
        account: z.string(),
        channel: z.string(),
        provider: z.string(),
        meanwhile: z
          .string()
          .nullable()
          .openapi({ description: 'The other provider of the channel, by which its messages go meanwhile.' }),
        reason: z.string(),
        since: instant,
        nextTryAt: instant.nullable(),
      }),
    ),
    held: z.array(z.object({ ...about, reason: z.string(), since: instant })),
    deliveries: z.array(z.object({ ...about, ...alike, since: instant })),
    endpoints: z.array(
      z.object({
        subscriberId: id,
        channel: z.string(),
        address: z.string(),
        owner: z.string(),
        reason: z.string(),
        since: instant,
      }),
    ),
    pages: z.array(
      z
        .object({ reason: z.string(), since: instant })
        .openapi({ description: 'Pages cannot be drawn; readers get the last ones that could.' }),
    ),
    mirrors: z.array(
      z
        .object({ name: z.string(), reason: z.string(), since: instant, verifiedAt: instant.nullable() })
        .openapi({ description: 'A copy of the published pages that cannot be brought up to date.' }),
    ),
  })
  .openapi('Alarms', { description: 'What needs a person; all empty when nothing does.' })

/** Deliveries of one update that ended alike, to be tried once more. */
export const alikeInput = z.strictObject({
  update: idInput,
  channel: z.string().max(20),
  state: z.enum(againStates),
  reason: z.string().max(1_000).nullable(),
})

export const headShape = z
  .object({
    id: z.string(),
    at: instant,
    channel: z.string(),
    address: z.string(),
    locale: z.string(),
    subject: z.string().nullable(),
    opening: z.string().optional().openapi({ description: 'The first words of a message without a subject.' }),
  })
  .openapi('LetterHead')

export const letterShape = z
  .object({
    ...headShape.shape,
    deliveryId: id,
    noticeId: id,
    text: z.string(),
    html: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  })
  .openapi('Letter')
