/** Per channel, whose choice makes them hear: subscribers of these components, and those who chose everything. */
export type Audience = Record<string, { componentIds: string[]; everything: boolean }>

export interface Happened {
  severity: number
  /** The incident's first update. */
  first: boolean
  resolved: boolean
  /** Graver than at the update before. */
  raised: boolean
  /** Components the incident has touched so far. */
  componentIds: string[]
}

/**
 * Who is told of an update, until levels bring their own policy. Mail: the first and the resolved notice to everybody
 * whose choice covers the incident or who chose everything, updates between only to those whose components are
 * affected. SMS: first, raised and resolved. Severity 3 is private and severity 4 mails nobody.
 */
export function audienceOf(happened: Happened): Audience {
  if (happened.severity >= 3) return {}
  const milestone = happened.first || happened.resolved
  const componentIds = [...happened.componentIds].sort()
  const audience: Audience = { email: { componentIds, everything: milestone } }
  if (milestone || happened.raised) audience.sms = { componentIds, everything: true }
  return audience
}
