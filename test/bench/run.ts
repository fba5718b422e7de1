import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { table } from './figures.ts'
import { measureLoad } from './load.ts'
import { measureSizes } from './sizes.ts'

// `npm run bench` prints the figures; with --json it writes {figure: {value, unit, reach}} and nothing else.
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const say = (line: string) => console.error(line)
say('Measuring the pages of the worst evening …')
const figures = { ...(await measureSizes()), ...(await measureLoad(say)) }
for (const figure of Object.values(figures)) figure.value = Math.round(figure.value * 10) / 10
if (values.json) console.log(JSON.stringify(figures, null, 2))
else {
  const model = cpus()[0]?.model ?? 'unknown processor'
  console.log(`${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, SQLite\n`)
  console.log(table(figures))
}
process.exit(0)
