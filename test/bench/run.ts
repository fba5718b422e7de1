import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { type Figures, table } from './figures.ts'
import { measureLedger } from './ledger.ts'
import { measureLoad } from './load.ts'
import { measureSizes } from './sizes.ts'

// `npm run bench` prints the figures; with --json it writes {figure: {value, unit, reach}} and nothing else. `npm run
// bench -- ledger` measures the fan-out alone, to a million people.
const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const people = { short: 30_000, long: 1_000_000 }
const say = (line: string) => console.error(line)
async function measureAll(): Promise<Figures> {
  say('Measuring the pages of the worst evening …')
  return { ...(await measureSizes()), ...(await measureLoad(say)), ...(await measureLedger(people.short, say)) }
}
const figures = positionals[0] === 'ledger' ? await measureLedger(people.long, say) : await measureAll()
for (const figure of Object.values(figures)) figure.value = Math.round(figure.value * 10) / 10
if (values.json) console.log(JSON.stringify(figures, null, 2))
else {
  const model = cpus()[0]?.model ?? 'unknown processor'
  console.log(`${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}\n`)
  console.log(table(figures))
}
process.exit(0)
