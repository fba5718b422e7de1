import { z } from '@hono/zod-openapi'
import { idInput } from '#api/http/inputs.ts'
import { id, instant, words } from '#api/http/shapes.ts'
import { textInput } from '#api/http/words.ts'
import { amountMinorMax } from '#api/lib/amount.ts'
import { locales } from '#content/locales.ts'
import { batchMax } from './actions.ts'
import { affectedMax } from './affected-actions.ts'
import { contactChannels, contactsMax, lengths } from './customer.ts'
import { columnsMax } from './delimited.ts'
import { minutesMax } from './read-row.ts'

const line = (max: number) => textInput(max, { line: true })
const locale = z.enum(locales, { error: `A language is one of ${locales.join(', ')}.` })
const money = z
  .int('Give whole numbers, in the smallest coin of the currency.')
  .min(0, 'This must not be negative.')
  .max(amountMinorMax, 'This is more than can be right.')
const currency = z.string().regex(/^[A-Z]{3}$/, 'A currency is a code of three letters, such as CNY.')

const contactInput = z.strictObject({
  channel: z.enum(contactChannels, { error: `A channel is one of ${contactChannels.join(', ')}.` }),
  address: z.string().max(lengths.address, 'This address is too long.'),
  name: line(lengths.contactName).nullable().default(null),
  locale: locale.optional(),
})

const facts = {
  name: line(lengths.name).min(1, 'A customer needs a name.').optional(),
  plan: line(lengths.plan).optional(),
  region: line(lengths.region).optional(),
  segment: line(lengths.segment).optional(),
  key: z.boolean().optional(),
  internal: z.boolean().optional(),
  accountManager: line(lengths.accountManager)
    .transform((text) => text || null)
    .nullable()
    .optional(),
  monthlyFeeMinor: money.nullable().optional(),
  currency: currency.nullable().optional(),
  locale: locale.optional(),
  contacts: z.array(contactInput).max(contactsMax, `A customer has ${contactsMax} contacts at the most.`).optional(),
  components: z.array(idInput).max(500).optional(),
}
export const customerInput = z
  .strictObject({
    externalId: line(lengths.externalId).min(1, 'Give the number by which the company knows this customer.'),
    ...facts,
  })
  .openapi('NewCustomer', {
    description:
      '`monthlyFeeMinor` is in the smallest coin of `currency`. `internal` marks own staff and test accounts.',
  })
export const customerPatch = z
  .strictObject({ ...facts, archived: z.boolean().optional() })
  .openapi('CustomerChange', { description: 'Contacts and components that are given replace those there are.' })
export const customersInput = z
  .strictObject({
    customers: z
      .array(customerInput)
      .min(1, 'Name at least one customer.')
      .max(batchMax, `At most ${batchMax} customers come in one request.`),
  })
  .openapi('Customers')

export const customerShape = z
  .object({
    id,
    externalId: z.string(),
    name: z.string(),
    plan: z.string(),
    region: z.string(),
    segment: z.string(),
    key: z.boolean(),
    internal: z.boolean(),
    accountManager: z.string().nullable(),
    monthlyFeeMinor: z.int().nullable(),
    currency: z.string().nullable(),
    locale: z.enum(locales),
    contacts: z.array(
      z.object({
        id,
        channel: z.enum(contactChannels),
        address: z.string().openapi({ description: 'Masked for roles that need not know it.' }),
        name: z.string().nullable(),
        locale: z.enum(locales).optional(),
      }),
    ),
    components: z.array(id),
    createdAt: instant,
    updatedAt: instant,
    archivedAt: instant.nullable(),
  })
  .openapi('Customer')

const counted = z.array(z.object({ name: z.string(), count: z.int() }))
export const kindsShape = z.object({ total: z.int(), plan: counted, region: counted, segment: counted })

const ruleShape = z.object({
  components: z.array(id),
  plans: z.array(z.string()),
  regions: z.array(z.string()),
  segments: z.array(z.string()),
})
const named = z.array(line(60)).max(100).default([])
const ruleInput = z.strictObject({
  components: z.array(idInput).max(500).default([]),
  plans: named,
  regions: named,
  segments: named,
})

export const importStates = [
  'uploading',
  'uploaded',
  'reading',
  'read',
  'committing',
  'committed',
  'refused',
  'discarded',
] as const
export const fates = ['rejected', 'duplicate', 'unknown'] as const
const finding = z.object({ code: z.string(), message: words })

export const importShape = z
  .object({
    id,
    kind: z.enum(['customers', 'affected']),
    incidentId: id.nullable(),
    state: z.enum(importStates),
    reason: finding.nullable().openapi({ description: 'Why it was refused, or what to look at before it counts.' }),
    rule: ruleShape.nullable(),
    fileName: z.string(),
    hash: z.string().openapi({ description: 'SHA-256 of the bytes.' }),
    bytes: z.int(),
    bytesDone: z.int(),
    encoding: z.string().nullable(),
    delimiter: z.string().nullable(),
    sample: z.array(z.array(z.string())),
    columns: z.array(z.string().nullable()).openapi({ description: 'The field each column holds.' }),
    currency: z.string().nullable(),
    rows: z.int(),
    accepted: z.int(),
    rejected: z.int(),
    duplicates: z.int(),
    unknown: z
      .int()
      .openapi({ description: 'Rows whose customer is not in the registry; of kind customers: new ones.' }),
    applied: z.int(),
    plans: z.array(z.object({ plan: z.string(), count: z.int() })),
    listId: id.nullable().openapi({ description: 'The list of affected customers, once it is committed.' }),
    twin: z
      .object({ id, accepted: z.int(), committedAt: instant.nullable() })
      .nullable()
      .openapi({ description: 'An import of the very same file that was committed before.' }),
    createdAt: instant,
    readAt: instant.nullable(),
    committedAt: instant.nullable(),
    discardedAt: instant.nullable(),
  })
  .openapi('Import')

export const columnsInput = z
  .strictObject({ columns: z.array(z.string().max(40).nullable()).max(columnsMax), currency })
  .openapi('ImportColumns')

export const rowShape = z.object({
  line: z.int(),
  fate: z.enum(fates),
  firstLine: z.int().nullable(),
  reasons: z.array(finding),
  cells: z.array(z.string()),
})

export const listShape = z
  .object({
    id,
    incidentId: id,
    source: z.enum(['csv', 'component', 'rule', 'api']),
    description: z.string(),
    rule: ruleShape.nullable(),
    importId: id.nullable(),
    rows: z.int(),
    hash: z.string(),
    createdAt: instant,
    createdBy: z.string(),
    discardedAt: instant.nullable(),
  })
  .openapi('AffectedList')

const namedCustomer = z
  .strictObject({
    customerId: line(lengths.externalId).min(1).optional(),
    email: z.string().max(lengths.address).optional(),
    minutes: z.int().min(0).max(minutesMax).nullable().default(null),
    feeMinor: money.nullable().default(null),
    amountMinor: money.nullable().default(null),
  })
  .refine(({ customerId, email }) => customerId ?? email, 'Name the customer by customerId or by email.')

export const affectedInput = z
  .strictObject({
    description: line(200).default(''),
    customers: z
      .array(namedCustomer)
      .min(1, 'Name at least one customer.')
      .max(affectedMax, `At most ${affectedMax} customers come in one request; hand in a file for more.`)
      .optional(),
    rule: ruleInput.optional(),
  })
  .refine(
    ({ customers, rule }) => (customers === undefined) !== (rule === undefined),
    'Give either customers or a rule.',
  )
  .openapi('NewAffectedList', {
    description: 'Customers count at once. A rule is looked up as an import, which a person then commits.',
  })

export const affectedShape = z.object({
  id,
  externalId: z.string(),
  name: z.string(),
  plan: z.string(),
  region: z.string(),
  currency: z.string().nullable(),
  internal: z.boolean(),
  minutes: z.int().nullable(),
  feeMinor: z.int().nullable(),
  amountMinor: z.int().nullable(),
  line: z.int().nullable(),
})
