import { Agent, get } from 'node:http'
import { percentile } from './figures.ts'

// A reader in a process of its own: asks for the home page every 5 ms, whether or not the last answer has come, so that
// a front door that stands still keeps many waiting. Prints one JSON line when its standard input ends.
const everyMs = 5
const url = process.argv[2]!
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const waits: number[] = []
let failed = 0
let next = performance.now()

function ask(): void {
  const askedAt = performance.now()
  const request = get(url, { agent, headers: { 'accept-encoding': 'br' } }, (response) => {
    response.resume()
    response.on('end', () => waits.push(performance.now() - askedAt))
    if (response.statusCode !== 200) failed++
  })
  request.on('error', () => failed++)
}

const timer = setInterval(() => {
  for (const now = performance.now(); next <= now; next += everyMs) ask()
}, 1)
process.stdin.resume().on('end', () => {
  clearInterval(timer)
  setTimeout(() => {
    const report = {
      asked: waits.length,
      failed,
      p50: percentile(waits, 0.5),
      p99: percentile(waits, 0.99),
      longest: Math.max(...waits),
    }
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))
  }, 500)
})
process.stdout.write('ready\n')
