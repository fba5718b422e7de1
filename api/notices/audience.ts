import type { ComponentStatus, IncidentStatus } from '#api/db/schema.ts'

/** Per channel, whose choice makes them hear: subscribers of these components, and those who chose everything. */
export type Audience = Record<string, { componentIds: string[]; everything: boolean }>

export interface Happened {
  severity: number
  /** The incident's first update that notices tell of. */
  first: boolean
  resolved: boolean
  /** The public report, which the resolved notice has promised. */
  report: boolean
  /** Graver than at the update before. */
  raised: boolean
  /** Components the incident has touched so far. */
  componentIds: string[]
}

/** Channels that programs and teams follow. */
const everyUpdate = ['webhook', 'slack', 'feishu'] as const

const isTold = (severity: number): boolean => severity < 3

/**
 * Who is told of an update, until levels bring their own policy. Mail: the first notice, the resolved one and
 * the report that it promised to everybody whose choice covers the incident or who chose everything, updates between only
 * to those whose components are affected. SMS: first, raised and resolved. Webhooks and chats: every update, like feeds. Severity 3 is private and
 * severity 4 mails nobody.
 */
export function audienceOf(happened: Happened): Audience {
  if (!isTold(happened.severity)) return {}
  const milestone = happened.first || happened.resolved
  const componentIds = [...happened.componentIds].sort()
  const audience: Audience = { email: { componentIds, everything: milestone || happened.report } }
  if (milestone || happened.raised) audience.sms = { componentIds, everything: true }
  for (const channel of everyUpdate) audience[channel] = { componentIds, everything: true }
  return audience
}

interface EarlierUpdate {
  id: string
  severity: number
  status: IncidentStatus
  correctsId: string | null
}

interface UpdateToTell {
  severity: number
  status: IncidentStatus
  /** Makes the incident resolved. */
  resolved: boolean
  /** The update before that this one corrects. */
  corrects?: string | null | undefined
  /** The incident's updates before this one, oldest first. */
  earlier: readonly EarlierUpdate[]
  /** Components the incident has touched before. */
  touched: readonly string[]
  /** What this update says of components. */
  components: readonly { id: string; status: ComponentStatus }[]
}

/**
 * What an update is to those who may be told: the same for what is published and for a draft. A correction is all that
 * the update was which it corrects, so that whoever got the wrong words gets the right ones.
 */
export function happenedBy({
  severity,
  status,
  resolved,
  corrects,
  earlier,
  touched,
  components,
}: UpdateToTell): Happened {
  const changed = components.filter(({ status }) => status !== 'operational').map(({ id }) => id)
  const own = {
    first: !earlier.some((update) => isTold(update.severity)),
    resolved,
    report: status === 'postmortem',
    raised: severity < (earlier.at(-1)?.severity ?? severity),
  }
  const corrected = correctedBy(corrects, earlier)
  return {
    severity,
    first: own.first || corrected.first,
    resolved: own.resolved || corrected.resolved,
    report: own.report || corrected.report,
    raised: own.raised || corrected.raised,
    componentIds: [...new Set([...touched, ...changed])],
  }
}

/** What the update was that is corrected, or any that it had corrected itself. */
function correctedBy(corrects: string | null | undefined, earlier: readonly EarlierUpdate[]) {
  const was = { first: false, resolved: false, report: false, raised: false }
  for (let place = placeOf(corrects, earlier); place >= 0; ) {
    const { severity, status, correctsId } = earlier[place]!
    const before = earlier.slice(0, place)
    was.first ||= isTold(severity) && !before.some((update) => isTold(update.severity))
    was.resolved ||= status === 'resolved' && before.at(-1)?.status !== 'resolved'
    was.report ||= status === 'postmortem'
    was.raised ||= severity < (before.at(-1)?.severity ?? severity)
    // Only what was there before can be corrected.
    place = placeOf(correctsId, before)
  }
  return was
}

const placeOf = (id: string | null | undefined, updates: readonly EarlierUpdate[]): number =>
  id ? updates.findIndex((update) => update.id === id) : -1
