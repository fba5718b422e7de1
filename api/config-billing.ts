import { refusalOf } from './lib/outgoing.ts'

/** Where the billing system hears what was given to customers. */
export interface BillingConfig {
  url: string
  /** What requests are signed with: two while one is being replaced. */
  secrets: string[]
}

/** Reads BILLING_WEBHOOK_URL and BILLING_WEBHOOK_SECRET; null when billing reads CSV files alone. */
export function readBilling(
  env: Record<string, string | undefined>,
  mistakes: string[],
  { local }: { local: boolean },
): BillingConfig | null {
  const url = env.BILLING_WEBHOOK_URL || ''
  const secrets = (env.BILLING_WEBHOOK_SECRET ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
  if (!url && !secrets.length) return null
  const refusal = url ? refusalOf(url, local) : 'It is missing.'
  if (refusal) mistakes.push(`BILLING_WEBHOOK_URL must be the https address that hears of claims. ${refusal}`)
  if (!secrets.length)
    mistakes.push(
      'BILLING_WEBHOOK_SECRET is missing: what requests to billing are signed with, whsec_ and 24 random bytes in base64.',
    )
  for (const secret of secrets)
    if (!/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/.test(secret))
      mistakes.push('BILLING_WEBHOOK_SECRET must look like whsec_ and 24 to 64 random bytes in base64.')
  return { url, secrets }
}
