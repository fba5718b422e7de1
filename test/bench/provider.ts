import { createServer } from 'node:http'
import { parseArgs } from 'node:util'

// A mail provider in a process of its own, as fast as it can be or as strict as it is told: it counts mails and gives
// each an id. --rate N: more than N requests within any second are answered 429. --delay MS: how long each answer takes.
// GET / tells what came so far.
const { values } = parseArgs({ options: { rate: { type: 'string' }, delay: { type: 'string', default: '0' } } })
const rate = values.rate ? Number(values.rate) : Number.POSITIVE_INFINITY
const delayMs = Number(values.delay)
const windowMs = 1_000
/** A tag that each mail bears once. */
const mark = Buffer.from('"name":"delivery"')

const seen = { mails: 0, requests: 0, refused: 0, bytes: 0, firstAt: 0, lastAt: 0 }
const taken = new Map<string, number>()
const recent: number[] = []

function count(body: Buffer): number {
  let mails = 0
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) mails++
  return mails
}

const server = createServer((req, res) => {
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    setTimeout(() => {
      res.writeHead(status, { 'content-type': 'application/json', ...headers })
      res.end(JSON.stringify(body))
    }, delayMs)
  if (req.method === 'GET') {
    res.end(JSON.stringify(seen))
    return
  }
  const now = performance.now()
  while (recent[0] !== undefined && recent[0] <= now - windowMs) recent.shift()
  const tooMany = recent.length >= rate
  if (!tooMany) recent.push(now)
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    seen.requests++
    if (tooMany) {
      seen.refused++
      answer(
        429,
        { statusCode: 429, name: 'rate_limit_exceeded', message: 'Too many requests.' },
        { 'retry-after': '1' },
      )
      return
    }
    const key = String(req.headers['idempotency-key'])
    const body = Buffer.concat(chunks)
    const mails = taken.get(key) ?? count(body)
    if (!taken.has(key)) {
      taken.set(key, mails)
      seen.mails += mails
      seen.bytes += body.length
      seen.firstAt ||= Date.now()
      seen.lastAt = Date.now()
    }
    answer(200, { data: Array.from({ length: mails }, (_, i) => ({ id: `${key}/${i}` })) })
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
})
process.on('SIGTERM', () => process.exit(0))
