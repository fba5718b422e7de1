import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { staffRoles } from '#api/accounts/permissions.ts'
import { impacts, incidentStatuses } from '#api/incidents/incident.ts'
import { statementTypes } from '#api/statements/types.ts'

const words = z.strictObject({ en: z.string().min(1), 'zh-CN': z.string().min(1) }).partial()
const day = z.string().regex(/^\d{4}-\d\d-\d\d$/)
const clockTime = z.string().regex(/^\d\d:\d\d$/)
const dayAndTime = z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d$/)
const states = z.enum(['operational', 'degraded_performance', 'partial_outage', 'major_outage'])

const toldUpdate = z.strictObject({
  key: z.string().optional(),
  at: clockTime,
  by: z.string(),
  status: z.enum(incidentStatuses),
  /** The promise: the next word comes by this time, on the same day or on `nextDate`. */
  next: clockTime.optional(),
  nextDate: day.optional(),
  /** When the components really changed, where that was before it was said. */
  effective: clockTime.optional(),
  components: z.record(z.string(), states).default({}),
  /** What the fact sheet says from this update on. */
  facts: z.strictObject({ title: words, scope: words, notAffected: words, workaround: words }).partial().optional(),
  en: z.string().min(1),
  'zh-CN': z.string().min(1),
})

/** A statement of the evening: who wrote it, who of legal let it, when it went out. */
const toldStatement = z.strictObject({
  key: z.string(),
  at: clockTime,
  by: z.string(),
  type: z.enum(statementTypes),
  /** A pre-approved template needs nobody else. */
  template: z.string().optional(),
  written: clockTime.optional(),
  approved: z.strictObject({ at: clockTime, by: z.string() }).optional(),
  /** What it answers, and where that was said. */
  rumour: z.strictObject({ text: z.string(), source: z.string() }).optional(),
  title: words,
  body: words,
})

const toldIncident = z.strictObject({
  /** When others first spoke of it, and when it was declared. */
  mention: z.strictObject({ at: clockTime, source: z.string(), declared: clockTime }).optional(),
  statements: z.array(toldStatement).default([]),
  code: z.string().optional(),
  severity: z.int().min(1).max(4),
  impact: z.enum(impacts).optional(),
  date: day,
  occurred: clockTime.optional(),
  detected: clockTime.optional(),
  started: clockTime,
  title: words,
  scope: words,
  notAffected: words,
  workaround: words,
  updates: z.array(toldUpdate).min(1),
})

const following = z.strictObject({
  suppressed: z.int(),
  locales: z.strictObject({ 'zh-CN': z.int(), en: z.int() }),
  buying: z.int(),
  buyingAndBrowsing: z.int(),
  others: z.int(),
  browsing: z.int(),
  everything: z.int(),
})

const companySchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: words,
      components: z.array(
        z.strictObject({
          key: z.string(),
          name: words,
          description: words,
          core: z.boolean().default(false),
          startDate: day,
        }),
      ),
    }),
  ),
  people: z.array(
    z.strictObject({ key: z.string(), name: z.string(), email: z.email(), roles: z.array(z.enum(staffRoles)).min(1) }),
  ),
  subscribers: z.strictObject({
    email: following,
    sms: following,
    webhook: following,
    slack: following,
    feishu: following,
  }),
})

const historySchema = z.strictObject({
  incidents: z.array(toldIncident),
  maintenances: z.array(
    z.strictObject({
      announced: dayAndTime,
      by: z.string(),
      from: dayAndTime,
      to: dayAndTime,
      completed: dayAndTime.optional(),
      components: z.array(z.string()).min(1),
      title: words,
      body: words,
    }),
  ),
})

/** Words with spaces between them. */
const list = z.string().transform((text) => text.split(/\s+/))
const namesSchema = z.strictObject({
  surnames: list,
  given: list,
  firstNames: list,
  lastNames: list,
  shopFirst: list,
  shopSecond: list,
  trades: list,
  desks: list,
  mailboxes: list,
  mobilePrefixes: list,
})

const weights = z.record(z.string(), z.int().min(1))
const customersSchema = z.strictObject({
  currency: z.string(),
  plans: z.array(
    z.strictObject({
      name: z.string(),
      monthlyFeeMinor: z.int(),
      customers: z.int(),
      affected: z.int(),
      uses: z.array(z.string()),
    }),
  ),
  regions: weights,
  english: z.int(),
  segments: z.record(z.string(), list),
  first: list,
  key: z.strictObject({ customers: z.int(), contacts: z.int() }),
  managers: z.array(z.string()),
  affected: z.strictObject({ minutes: z.array(z.int()), duplicates: z.int(), unknown: z.int() }),
})

/** An incident as the demonstration's files tell it: wall-clock times of the page's zone, components by their key. */
export type ToldIncident = z.infer<typeof toldIncident>
export type ToldUpdate = z.infer<typeof toldUpdate>
export type ToldStatement = z.infer<typeof toldStatement>
export type ToldMaintenance = z.infer<typeof historySchema>['maintenances'][number]
export type Company = z.infer<typeof companySchema>
export type Merchants = z.infer<typeof customersSchema>
export type Names = z.infer<typeof namesSchema>
export type Following = z.infer<typeof following>

const read = <T>(name: string, schema: z.ZodType<T>): T => {
  const file = join(import.meta.dirname, '../../content/demo', name)
  return schema.parse(parse(readFileSync(file, 'utf8')))
}

/** Groups, components, people and how many follow: content/demo/company.yaml. Throws when the file is not right. */
export const readCompany = (): Company => read('company.yaml', companySchema)
/** What happened before the evening: content/demo/history.yaml. */
export const readHistory = () => read('history.yaml', historySchema)
/** The evening of 11 November, U1 to U9: content/demo/evening.yaml. */
export const readEvening = (): ToldIncident => read('evening.yaml', toldIncident)
/** What addresses are made of: content/demo/names.yaml. */
export const readNames = (): Names => read('names.yaml', namesSchema)
/** The merchants who are its customers: content/demo/customers.yaml. */
export const readMerchants = (): Merchants => read('customers.yaml', customersSchema)
