import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { App } from './app.ts'
import { costly } from './lib/costly.ts'
import { counterSamples, exposition, histogramSamples, type Sample } from './lib/meters.ts'
import { dayMs, plusMs, secondMs, toMs } from './lib/time.ts'
import { disabledEndpoints, heldNotices, waitingForPerson } from './notices/alarm-queries.ts'
import { countNotice, stoppedChannels } from './notices/ledger-queries.ts'
import { recentNotices } from './notices/metric-queries.ts'
import { channelNames, stoppedProviders } from './notices/provider.ts'
import { readRevisionFile } from './publish/files.ts'
import { readMirrors } from './publish/mirror-state.ts'

/** Notices of this long are counted: a fan-out is over in hours, and what needs a person is an alarm. */
const countedMs = 2 * dayMs
/** The desk's alarms of this long are counted. */
const alarmForMs = 7 * dayMs
/** How often the loop's delay is sampled, in milliseconds. */
const loopEveryMs = 20
const nanoseconds = 1e9

/** Writes what Prometheus reads: numbers of this process and of the record. No address, no text of anybody's. */
export function openMetrics(app: App): () => Promise<string> {
  const loop = monitorEventLoopDelay({ resolution: loopEveryMs })
  loop.enable()
  const counted = costly<Awaited<ReturnType<typeof countNotice>>>(app.steadyMs)
  const waiting = costly<Awaited<ReturnType<typeof waitingForPerson>>>(app.steadyMs)

  const deliveries = async (): Promise<string[]> => {
    const sums = new Map<string, { channel: string; state: string; value: number }>()
    let oldest: string | null = null
    for (const { id, createdAt } of await recentNotices(app.db, plusMs(app.now(), -countedMs)))
      for (const [channel, { total: _, ...states }] of Object.entries(await counted(id, () => countNotice(app.db, id))))
        for (const [state, value] of Object.entries(states)) {
          const sum = sums.get(`${channel} ${state}`) ?? { channel, state, value: 0 }
          sums.set(`${channel} ${state}`, { ...sum, value: sum.value + value })
          if (isWaiting(state) && value > 0 && (!oldest || createdAt < oldest)) oldest = createdAt
        }
    const all = [...sums.values()]
    const depth = app.channels.map(({ name }) => ({
      labels: { channel: name },
      value: all.reduce(
        (sum, { channel, state, value }) => sum + (channel === name && isWaiting(state) ? value : 0),
        0,
      ),
    }))
    const ageMs = oldest ? toMs(app.now()) - toMs(oldest) : 0
    const byState = all.map(({ channel, state, value }) => ({ labels: { channel, state }, value }))
    return [
      exposition('candor_deliveries', 'gauge', 'Messages of the last two days by channel and state.', byState),
      exposition('candor_queue_deliveries', 'gauge', 'Messages that wait to be sent.', depth),
      exposition('candor_queue_age_seconds', 'gauge', 'Age of the oldest notice of which messages wait.', [
        { value: ageMs / secondMs },
      ]),
    ]
  }

  const alarms = async (): Promise<string> => {
    const from = plusMs(app.now(), -alarmForMs)
    const kinds = {
      channel: stoppedProviders(app.channels, await stoppedChannels(app.db)).length,
      held: (await heldNotices(app.db)).length,
      deliveries: (await waiting('all', () => waitingForPerson(app.db, channelNames(app.channels), from))).length,
      endpoint: (await disabledEndpoints(app.db, from)).length,
      pages: app.health.undrawn ? 1 : 0,
      folder: app.health.unwritten ? 1 : 0,
      mirror: (await readMirrors(app.config.dataDir)).filter(({ trouble }) => trouble !== null).length,
    }
    const samples = Object.entries(kinds).map(([kind, value]) => ({ labels: { kind }, value }))
    return exposition('candor_alarms', 'gauge', 'What needs a person now, as the desk lists it.', samples)
  }

  const own = async (): Promise<string[]> => {
    const shown = await readRevisionFile(join(app.config.dataDir, 'published'))
    const ageMs = shown ? toMs(app.now()) - toMs(shown.at) : Number.NaN
    const delay = (quantile: string, ns: number): Sample => ({ labels: { quantile }, value: ns / nanoseconds })
    const delays = [delay('0.5', loop.percentile(50)), delay('0.99', loop.percentile(99)), delay('1', loop.max)]
    loop.reset()
    const gauge = (name: string, help: string, value: number) => exposition(name, 'gauge', help, [{ value }])
    const { requests, publishes } = app.meters
    return [
      gauge(
        'candor_ready',
        'Whether updates can be published: 1 or 0.',
        app.health.trouble || app.health.undrawn?.first ? 0 : 1,
      ),
      gauge('candor_revision', 'The last change that all published files show.', shown?.revision ?? Number.NaN),
      gauge('candor_revision_age_seconds', 'Age of the published files.', ageMs / secondMs),
      exposition(
        'candor_publish_seconds',
        'histogram',
        'From seeing a change until readers see it.',
        histogramSamples(publishes),
      ),
      exposition('candor_http_requests_total', 'counter', 'Answers by kind and status.', counterSamples(requests)),
      exposition(
        'candor_event_loop_delay_seconds',
        'gauge',
        'How late the thread of the front door was since the last look at this.',
        delays,
      ),
      gauge('process_resident_memory_bytes', 'Memory of this process.', process.memoryUsage.rss()),
      gauge('process_start_time_seconds', 'When this process started.', performance.timeOrigin / secondMs),
    ]
  }

  return async () => [...(await own()), ...(await deliveries()), await alarms()].join('')
}

const isWaiting = (state: string) => state === 'queued' || state === 'sending'
