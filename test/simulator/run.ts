import { simulate } from './simulate.ts'

// npm run simulate -- --seed 123        one day, told in full
// npm run simulate -- --seeds 1..10000  many days; ends with 1 when a promise was broken

const value = (name: string) => {
  const place = process.argv.indexOf(`--${name}`)
  return place < 0 ? undefined : process.argv[place + 1]
}

const one = value('seed')
const [from, to] = one ? [Number(one), Number(one)] : (value('seeds') ?? '1..10000').split('..').map(Number)
const startedAt = performance.now()
const sums = { deliveries: 0, calls: 0, taken: 0, kills: 0 }
const states: Record<string, number> = {}
let failing = 0

for (let seed = from!; seed <= to!; seed++) {
  const { broken, facts } = await simulate(seed)
  for (const name of ['deliveries', 'calls', 'taken', 'kills'] as const) sums[name] += facts[name]
  for (const [state, count] of Object.entries(facts.states)) states[state] = (states[state] ?? 0) + count
  if (broken.length) {
    failing++
    console.log(`Seed ${seed} broke ${broken.length} promises. To see it again: npm run simulate -- --seed ${seed}`)
    for (const sentence of broken.slice(0, one ? broken.length : 3)) console.log(`  ${sentence}`)
  }
  if (seed % 500 === 0) console.log(`… ${seed}: ${failing} failing, ${Math.round(performance.now() - startedAt)} ms`)
}

const days = to! - from! + 1
console.log(
  `${days} days of 24 hours in ${Math.round(performance.now() - startedAt)} ms: ${failing} with a broken promise.`,
)
console.log(JSON.stringify({ ...sums, ...states }))
process.exitCode = failing ? 1 : 0
