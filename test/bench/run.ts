import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { measureBeside } from './beside.ts'
import { measureCompensation, measureCustomers } from './compensation.ts'
import { measureCrowd } from './crowd-load.ts'
import { type Figures, table } from './figures.ts'
import { measureGrowth } from './growth.ts'
import { measureLedger } from './ledger.ts'
import { measureLoad } from './load.ts'
import { measureRate } from './rate.ts'
import { measureReaders } from './readers.ts'
import { measureSizes } from './sizes.ts'
import { measurePace, measureResume, measureSharing } from './workers.ts'

// `npm run bench` prints the figures; with --json it writes {figure: {value, unit, reach}} and nothing else. A word
// measures one thing alone: `npm run bench -- rate`; `ledger` and `million` take the engine
// as well, and fewer people than a million: `-- ledger sqlite 100000`.
const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [word, only, fewer] = positionals
const engines = ['sqlite', 'postgres'] as const
/** The engine that is named behind the word, or both. */
function chosen() {
  const named = engines.filter((engine) => only === undefined || engine === only)
  if (!named.length) throw new Error(`There is no engine ${only}. Choose one of ${engines.join(', ')}.`)
  return named
}
/** The numbers that are named behind the word. */
function numbers(): number[] {
  const named = positionals.slice(1).map(Number)
  if (named.some((number) => !(number > 0))) throw new Error(`Behind ${word} stand numbers, or nothing.`)
  return named
}
const people = { short: 30_000, customers: 100_000, long: Number(fewer ?? 1_000_000) }
const say = (line: string) => console.error(`${String(Math.round(performance.now() / 1_000)).padStart(4)} s  ${line}`)

async function measureAll(): Promise<Figures> {
  say('Measuring the pages of the worst evening …')
  return {
    ...(await measureSizes()),
    ...(await measureLoad(say)),
    ...(await measureLedger(people.short, say, engines)),
    ...(await measureWorkers()),
  }
}

async function measureWorkers(): Promise<Figures> {
  return { ...(await measurePace(say)), ...(await measureSharing(say)), ...(await measureResume(say)) }
}

/** What is measured alone, by its word. */
const words: Record<string, () => Promise<Figures>> = {
  /** The fan-out, to a million people. */
  ledger: () => measureLedger(people.long, say, chosen()),
  /** What a publish takes at a hundred incidents and at a hundred thousand, with 20, 200 and 1,000 services or as many as are named. */
  growth: () => measureGrowth(say, numbers()),
  /** Publishing while a million are told. */
  million: () => measureCrowd(people.long, say, chosen()),
  /** Pace, several workers, a worker that dies. */
  workers: measureWorkers,
  /** Two front doors on one PostgreSQL: when one shows what the other published. */
  beside: () => measureBeside(say),
  /** Files of a hundred thousand customers, and of as many affected ones. */
  customers: () => measureCustomers(people.customers, say),
  /** The same, and an offer that is given to all of them. */
  compensation: () => measureCompensation(people.customers, say),
  /** Ten thousand open pages that ask whether something changed. */
  readers: () => measureReaders(say),
  /** Requests a second beside nginx, which must be installed, as wrk must. */
  rate: () => measureRate(say),
}
const measure = word === undefined ? measureAll : words[word]
try {
  if (!measure) throw new Error(`There is nothing called ${word}. Choose one of ${Object.keys(words).join(', ')}.`)
  const figures = await measure()
  for (const figure of Object.values(figures)) figure.value = Math.round(figure.value * 10) / 10
  if (values.json) console.log(JSON.stringify(figures, null, 2))
  else {
    const model = cpus()[0]?.model ?? 'unknown processor'
    console.log(`${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}\n`)
    console.log(table(figures))
  }
  process.exit(0)
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
