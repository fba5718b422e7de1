/** How the updates of an open incident will come to a subscriber: every one, the milestones alone, or none. */
export type Reach = 'every' | 'milestones' | 'none'

/**
 * What a subscriber will hear of an incident from now on, by the rule of notices/audience.ts: mail brings every update
 * on chosen components, and to those who chose everything the last word; SMS brings "worse" and "over" to both, webhooks
 * and chats bring every update to both.
 */
export function reachOf(
  subscription: { channel: string; everything: boolean; componentIds: readonly string[] },
  affectedIds: readonly string[],
): Reach {
  const { channel } = subscription
  if (subscription.everything) return channel === 'email' || channel === 'sms' ? 'milestones' : 'every'
  if (!subscription.componentIds.some((id) => affectedIds.includes(id))) return 'none'
  return channel === 'sms' ? 'milestones' : 'every'
}
