import { accountOf, type Channel, providersOf } from '#api/channels/channel.ts'
import type { Row } from '#api/db/schema.ts'
import { type Instant, minuteMs, plusMs } from '#api/lib/time.ts'
import type { Live } from './live.ts'

type State = Pick<Row<'channelState'>, 'stoppedAt' | 'nextSendAt'> | undefined

/** How long a provider may answer nothing, or only that it is in trouble, before the other one takes over. */
export const silentForMs = 2 * minuteMs
/**
 * How long a batch that the stopped provider may have taken waits for it: under the same key it would not be sent
 * twice, by the other provider it may be. By then the stopped one was tried twice more.
 */
const unknownWaitsMs = 30 * minuteMs

/** Whether nothing is sent by a provider now: it is stopped, and the next try is not due. */
export const isDown = (state: State, now: Instant): boolean =>
  Boolean(state?.stoppedAt && state.nextSendAt && state.nextSendAt > now)

/** The provider that new batches are written for: the first, unless it is down and the other is not stopped too. */
export function providerNow(channel: Channel, first: State, other: State, now: Instant): Channel {
  const { fallback } = channel
  return fallback && isDown(first, now) && !other?.stoppedAt ? fallback : channel
}

/** Whether what a stopped provider may have taken goes by the other one now, at the risk of arriving twice. */
export const unknownMayGo = (state: State, now: Instant): boolean =>
  Boolean(state?.stoppedAt && plusMs(state.stoppedAt, unknownWaitsMs) <= now)

/** A provider by which nothing goes out, and the other one of its channel that carries on meanwhile, if there is one. */
export interface Stopped {
  /** Under which name its stop is kept: what asks for a try names it. */
  account: string
  channel: string
  provider: string
  meanwhile: string | null
  reason: string
  since: Instant
  nextTryAt: Instant | null
}

/** Which providers of these channels are stopped, as the record says. */
export const stoppedProviders = (channels: readonly Channel[], states: readonly Row<'channelState'>[]): Stopped[] =>
  channels.flatMap((channel) => {
    const stateOf = (by: Channel) => states.find((state) => state.channel === accountOf(by) && state.stoppedAt !== null)
    return providersOf(channel).flatMap((by) => {
      const state = stateOf(by)
      if (!state?.stoppedAt) return []
      const other = providersOf(channel).find((one) => one !== by && !stateOf(one))
      return {
        account: accountOf(by),
        channel: channel.name,
        provider: by.provider,
        meanwhile: other?.provider ?? null,
        reason: state.stoppedReason ?? '',
        since: state.stoppedAt,
        nextTryAt: state.nextSendAt,
      }
    })
  })

/** The names of all channels, and of those that find out by themselves what became of a lost answer. */
export const channelNames = (channels: readonly Channel[]): { names: string[]; looking: string[] } => ({
  names: channels.map(({ name }) => name),
  looking: channels.filter(({ lookUp, offReason }) => lookUp && !offReason).map(({ name }) => name),
})

/** How many requests a second a provider takes, or segments: what it said last, and never more than its own most. */
export const paceOf = (
  { perSecond, perSecondMax = Number.POSITIVE_INFINITY }: Pick<Channel, 'perSecond' | 'perSecondMax'>,
  heard: number | null | undefined,
): number => Math.min(heard ?? perSecond, perSecondMax)

/** Batches of one provider of a channel. */
export interface Lane {
  channel: string
  /** Null: whoever they were written for, because no other provider could read them. */
  provider: string | null
  /** Whether batches that name no provider are among them. */
  unnamed: boolean
}

export const laneOf = (channel: Channel): Lane => ({
  channel: channel.name,
  provider: channel.split ? channel.provider : null,
  unnamed: accountOf(channel) === channel.name,
})

const isIn = ({ channel, provider, unnamed }: Lane, batches: Live): boolean =>
  batches.channel === channel &&
  (provider === null || batches.provider === provider || (unnamed && batches.provider === null))

/** When the next batch of a provider may leave, as it stands; null when none waits. */
export function nextIn(channel: Channel, live: Live[], state: State): Instant | null {
  const lane = laneOf(channel)
  const due = live.flatMap((batches) => (isIn(lane, batches) && batches.dueAt !== null ? batches.dueAt : []))
  const [first = null] = due.sort()
  return first && state?.nextSendAt && state.nextSendAt > first ? state.nextSendAt : first
}
