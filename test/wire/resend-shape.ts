import { z } from 'zod'

/** Domains that Resend refuses. */
const refusedDomains = /@(example|test)\.(com|net|org)$/i
const addressShape = /^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$/
const senderShape = /^(?:[^<>\r\n]+<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+)$/

const address = z
  .string()
  .regex(addressShape, 'Invalid `to` field. The email address needs to follow the `email@example.com` format.')
  .refine((text) => !refusedDomains.test(text), {
    error: ({ input }) => `Invalid \`to\` field. The domain of ${input} cannot receive mail.`,
  })
const addresses = z.union([address, z.array(address).min(1).max(50)])
const anyAddresses = z.union([z.string(), z.array(z.string())])
const tagWord = z
  .string()
  .regex(/^[\w-]{1,256}$/, 'Tags should only contain ASCII letters, numbers, underscores, or dashes.')

/** SendEmailRequest of Resend's OpenAPI, with what a batch does not take; a field that Resend does not know is a mistake of ours. */
const mailShape = z
  .strictObject({
    from: z.string('Missing `from` field.').regex(senderShape, 'Invalid `from` field.'),
    to: addresses,
    subject: z
      .string('Missing `subject` field.')
      .min(1, 'Missing `subject` field.')
      .regex(/^[^\r\n]*$/, 'Invalid `subject` field: it must be one line.'),
    bcc: anyAddresses.optional(),
    cc: anyAddresses.optional(),
    reply_to: anyAddresses.optional(),
    html: z.string().optional(),
    text: z.string().optional(),
    headers: z.record(z.string().regex(/^[!-9;-~]+$/), z.string().regex(/^[^\r\n]*$/)).optional(),
    tags: z.array(z.strictObject({ name: tagWord, value: tagWord })).optional(),
    topic_id: z.string().optional(),
    template: z.looseObject({ id: z.string() }).optional(),
  })
  .refine(({ html, text, template }) => html || text || template, 'Missing `html` or `text` field.')

/** What Resend finds wrong with one mail of a batch, as its sentence; null when it takes it. */
export function wrongIn(mail: unknown): string | null {
  const read = mailShape.safeParse(mail)
  return read.success ? null : sentenceOf(read.error.issues[0]!)
}

/** The innermost complaint: a union of shapes hides it. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message
  const inner = issue.errors.flat().find(({ code }) => code !== 'invalid_type')
  return inner ? sentenceOf(inner) : `Missing or invalid \`${issue.path.join('.')}\` field.`
}
