import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { staffRoles } from '#api/accounts/permissions.ts'
import { isCurrency } from '#api/lib/amount.ts'
import { inEveryLanguage, locales } from '#content/locales.ts'
import { readAmount } from './amount.ts'
import type { ApprovalPolicy } from './approvers.ts'

/** A text per language; one that is not given is shown in another. */
const words = z
  .partialRecord(z.enum(locales), z.string().min(1))
  .refine((given) => Object.keys(given).length > 0, 'has no text')
  .transform(inEveryLanguage)
const policySchema = z
  .strictObject({
    currency: z.string().refine(isCurrency, 'is no currency of ISO 4217'),
    seats: z.record(z.string(), z.strictObject({ role: z.enum(staffRoles), title: words })),
    limits: z.array(z.strictObject({ upTo: z.string().optional(), seats: z.array(z.string()).min(1) })).min(1),
    always: z.strictObject({ refund: z.array(z.string()), admission: z.array(z.string()) }),
  })
  .superRefine((policy, ctx) => {
    const wrong = (path: (string | number)[], message: string) => ctx.addIssue({ code: 'custom', path, message })
    const seats = [...policy.limits.flatMap((row) => row.seats), ...policy.always.refund, ...policy.always.admission]
    for (const seat of seats) if (!(seat in policy.seats)) wrong(['seats'], `has no "${seat}"`)
    let before = -1
    for (const [at, { upTo }] of policy.limits.entries()) {
      if (upTo === undefined) {
        if (at < policy.limits.length - 1) wrong(['limits', at], 'has no limit, so no row may come after it')
        continue
      }
      const minor = readAmount(upTo, isCurrency(policy.currency) ? policy.currency : 'CNY')
      if (minor === null || minor <= before)
        wrong(['limits', at], 'needs an amount above the row before, such as "5000.00"')
      before = minor ?? before
      if (at === policy.limits.length - 1) wrong(['limits'], 'need a last row without a limit')
    }
  })

/** Reads and checks the policy; throws one sentence that names the file and each wrong key. */
export function readApprovals(text: string, file: string): ApprovalPolicy {
  const result = policySchema.safeParse(parse(text))
  if (!result.success)
    throw new Error(
      `${file} is not right: ${result.error.issues.map((issue) => `${issue.path.join('.') || 'the file'} ${issue.message}`).join('; ')}.`,
    )
  const { limits, ...rest } = result.data
  const minor = (upTo: string | undefined) => (upTo === undefined ? null : readAmount(upTo, rest.currency))
  return { ...rest, limits: limits.map(({ upTo, seats }) => ({ upToMinor: minor(upTo), seats })) }
}

const file = 'content/policy/approvals.yaml'

/** The house's policy, as it stands in content/policy/approvals.yaml. */
export const loadApprovals = (): ApprovalPolicy =>
  readApprovals(readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8'), file)
