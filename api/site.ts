import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { inEveryLanguage, locales } from '#content/locales.ts'

/** A text per language; one that is not given is shown in another. */
const words = z
  .partialRecord(z.enum(locales), z.string().min(1))
  .refine((given) => Object.keys(given).length > 0, 'has no text')
  .transform(inEveryLanguage)

const siteSchema = z.strictObject({
  name: words,
  /** Written in front of every SMS: short, and its Latin form within GSM-7. */
  sign: words,
  zone: z
    .string()
    .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC', 'is no time zone'),
  defaultLocale: z.enum(locales),
  /** The company's own site and where a customer gets help. */
  url: z.url(),
  support: z.strictObject({ email: z.email(), url: z.url().optional() }),
  /** Where the company is reached by post: the law asks for it in every mail with an offer. */
  postalAddress: words.optional(),
  colours: z.strictObject({ accent: z.string().regex(/^#[0-9a-f]{6}$/i) }).optional(),
  /** Countries whose numbers may subscribe to SMS, ISO 3166. The first reads numbers written without a country. */
  smsCountries: z.array(z.string().regex(/^[A-Z]{2}$/)).min(1),
  /** For estimates, in whole coins; SMS_PRICE_PER_SEGMENT goes before it and can be finer. */
  smsPricePerSegment: z
    .strictObject({ amountMinor: z.int().nonnegative(), currency: z.string().regex(/^[A-Z]{3}$/) })
    .optional(),
})

/** The company whose page this is: content/site.yaml. */
export type Site = z.infer<typeof siteSchema>

/** Reads and checks a site file; throws one sentence that names the file and each wrong key. */
export function loadSite(file: string): Site {
  const result = siteSchema.safeParse(parse(readFileSync(resolve(import.meta.dirname, '..', file), 'utf8')))
  if (result.success) return result.data
  throw new Error(
    `${file} is not right: ${result.error.issues.map((issue) => `${issue.path.join('.') || 'the file'} ${issue.message}`).join('; ')}.`,
  )
}
