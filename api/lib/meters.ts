/** Counts of what happened since the program started, by labels: `{kind="page",status="200"}`. Never goes back. */
export class Counter {
  readonly counts = new Map<string, number>()
  add(labels: string): void {
    this.counts.set(labels, (this.counts.get(labels) ?? 0) + 1)
  }
}

/** How long things took since the program started, in buckets whose upper bounds are given in seconds. */
export class Histogram {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0
  count = 0
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = bounds.map(() => 0)
  }
  add(seconds: number): void {
    this.sum += seconds
    this.count++
    const bucket = this.bounds.findIndex((bound) => seconds <= bound)
    if (bucket >= 0) this.counts[bucket]!++
  }
}

export interface Sample {
  /** Appended to the metric's name: "_bucket". */
  suffix?: string
  labels?: Record<string, string>
  value: number
}

/** Samples of a counter, whose labels are written as `kind=page,status=200`. */
export const counterSamples = (counter: Counter): Sample[] =>
  [...counter.counts].map(([labels, value]) => ({
    labels: Object.fromEntries(labels.split(',').map((label) => label.split('=') as [string, string])),
    value,
  }))

/** Samples of a histogram: each bucket counts what the smaller ones count, too. */
export function histogramSamples({ bounds, counts, sum, count }: Histogram): Sample[] {
  let below = 0
  return [
    ...bounds.map((bound, i): Sample => {
      below += counts[i] ?? 0
      return { suffix: '_bucket', labels: { le: String(bound) }, value: below }
    }),
    { suffix: '_bucket', labels: { le: '+Inf' }, value: count },
    { suffix: '_sum', value: sum },
    { suffix: '_count', value: count },
  ]
}

const escaped = (text: string) =>
  text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))

/** One metric in Prometheus' text format, version 0.0.4. `name` carries its unit last. */
export function exposition(
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  samples: readonly Sample[],
): string {
  const lines = samples.map(({ suffix = '', labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
    return `${name}${suffix}${pairs.length ? `{${pairs.join(',')}}` : ''} ${value}`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}${lines.length ? '\n' : ''}`
}

/** What this process counts of itself. */
export interface Meters {
  /** Answers by kind (published, drawn, api) and status. */
  requests: Counter
  /** From the look at the record until readers saw the change. */
  publishes: Histogram
}

/** Upper bounds in seconds: a publish is within a quarter of one, or somebody should look. */
const publishBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

export const openMeters = (): Meters => ({ requests: new Counter(), publishes: new Histogram(publishBounds) })
