/** Why nothing may be sent to an address, and who said so. */
export interface Suppression {
  reason: string
  source: string
}

/**
 * What a person of the staff may do about a suppression. "reopen": mails came back, which may be mended, so the address
 * hears from us again as it had chosen. "lift": whoever has it marked our mail as spam, so they must also subscribe
 * again themselves. Null: they said STOP, and only they can take that back, by START (CTIA Messaging Principles, 5.1.3;
 * a provider refuses the number until then).
 */
export function mayLift({ reason, source }: Suppression): 'reopen' | 'lift' | null {
  if (source === 'subscriber' || /\bstop\b|\b21610\b/i.test(reason)) return null
  return /spam|complain/i.test(reason) ? 'lift' : 'reopen'
}
