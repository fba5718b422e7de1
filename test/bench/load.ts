import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/postgres.ts'
import { type Running, startRunning } from '../support/program.ts'
import { openResend, resendEnv, type WireResend } from '../wire/resend.ts'
import { type Figures, percentile } from './figures.ts'
import { type Filled, fillRecord } from './fill.ts'

const publishes = 200
/** Updates on one incident before the next is opened: the page of a long evening. */
const updatesPerIncident = 20
const subscribers = 10_000
/** Mail requests a second, as a customer of the provider with a raised limit has them. */
const requestsPerSecond = 10
const giveUpAfterMs = 120_000

/** Runs the production program with a filled record and measures it from outside, over the loopback. */
export async function measureLoad(say: (line: string) => void): Promise<Figures> {
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-bench-'))
  const wire = await openResend()
  const env = {
    DATA_DIR: dataDir,
    PUBLIC_URL: 'https://status.hezhou.example',
    SECRET_KEY: 'measured-with-a-key-that-protects-nothing',
    LOG_LEVEL: 'warn',
    ...resendEnv(wire),
    RESEND_REQUESTS_PER_SECOND: String(requestsPerSecond),
  }
  let program: Running | undefined
  try {
    say('Filling a record with 14 components, 1,000 incidents and 10,000 subscribers …')
    const filled = await fillRecord(env)
    program = await startRunning(['api/main.ts'], env, await freePort())
    // After a start the pages of the past are still being drawn; the file is written last.
    const started = performance.now()
    while (!existsSync(join(dataDir, 'published/revision.json'))) await patience(started, 100)
    const client = openClient(program.address, filled)
    say(`Publishing ${publishes} times …`)
    const visible = await publishMany(client)
    say(`Telling ${subscribers.toLocaleString('en')} people …`)
    return { ...visible, ...(await tellMany(client, wire, program.address)) }
  } finally {
    await program?.stop()
    await wire.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function publishMany(client: Client): Promise<Figures> {
  const waits = await waitsOf(publishes, client)
  return {
    'publish to visible, p50': { value: percentile(waits, 0.5), unit: 'ms', reach: null },
    'publish to visible, p99': { value: percentile(waits, 0.99), unit: 'ms', reach: 1_000 },
  }
}

/** Publishes so often, and reads by `reader` until each word is there: the milliseconds of each. `pause` comes before each. */
export async function waitsOf(
  count: number,
  client: Client,
  reader: Client = client,
  pause: () => Promise<void> = async () => {},
): Promise<number[]> {
  const waits: number[] = []
  let incident = ''
  for (let i = 0; i < count; i++) {
    await pause()
    const mark = `Word number ${i + 1} of this measurement.`
    const body = { en: `We are still working on it. ${mark}`, 'zh-CN': `仍在处理中。${mark}` }
    if (i % updatesPerIncident === 0) {
      if (incident) await client.post(`/incidents/${incident}/updates`, { status: 'resolved', body, notify: false })
      const components = [{ id: client.components.orders, status: 'partial_outage' }]
      const input = { ...opening, status: 'investigating', components, body, nextUpdateAt: soon(), notify: false }
      const [wait, answer] = await Promise.all([reader.visible(mark), client.post('/incidents', input)])
      incident = answer.id
      waits.push(wait)
    } else {
      const input = { status: 'investigating', body, nextUpdateAt: soon(), notify: false }
      const [wait] = await Promise.all([reader.visible(mark), client.post(`/incidents/${incident}/updates`, input)])
      waits.push(wait)
    }
  }
  const end = { en: 'Over.', 'zh-CN': '已结束。' }
  await client.post(`/incidents/${incident}/updates`, { status: 'resolved', body: end, notify: false })
  return waits
}

async function tellMany(client: Client, wire: WireResend, address: string): Promise<Figures> {
  const quiet = await probing(address, () => sleep(5_000))
  let firstMs = Number.NaN
  const busy = await probing(address, async () => {
    const asked = performance.now()
    const { orders, payments } = client.components
    const components = [
      { id: orders, status: 'major_outage' },
      { id: payments, status: 'partial_outage' },
    ]
    const body = { en: 'Orders fail. We are investigating.', 'zh-CN': '下单失败，正在排查。' }
    void client.post('/incidents', { ...opening, status: 'investigating', components, body, nextUpdateAt: soon() })
    while (!wire.batches.length) await patience(asked, 1)
    firstMs = performance.now() - asked
    while (wire.mails().length < subscribers) await patience(asked, 50)
  })
  return {
    'publish to first mail handed over': { value: firstMs, unit: 'ms', reach: 2_000 },
    'home page, p99, while 10,000 mails go out': { value: busy.p99, unit: 'ms', reach: 50 },
    'longest wait for the home page while 10,000 mails go out': { value: busy.longest, unit: 'ms', reach: 50 },
    'longest wait for the home page while nothing happens': { value: quiet.longest, unit: 'ms', reach: null },
  }
}

async function patience(since: number, ms: number): Promise<void> {
  if (performance.now() - since > giveUpAfterMs) throw new Error('What was waited for did not come within two minutes.')
  await sleep(ms)
}

const opening = {
  title: { en: 'Some merchants cannot place orders.', 'zh-CN': '部分商家无法下单。' },
  severity: 1,
}
const soon = () => new Date(Date.now() + 3_600_000).toISOString()

type Client = ReturnType<typeof openClient>

export function openClient(address: string, { token, components }: Filled) {
  const agent = new Agent({ keepAlive: true })
  const call = (method: string, path: string, body?: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = body ? { 'content-type': 'application/json', authorization: `Bearer ${token}` } : {}
      const sent = request(`${address}${path}`, { method, agent, headers }, async (response) => {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        resolve({ status: response.statusCode ?? 0, text })
      })
      sent.on('error', reject).end(body)
    })
  return {
    components,
    /** Posts to the management API; throws unless it is answered with 201. */
    async post(path: string, body: object): Promise<{ id: string }> {
      const { status, text } = await call('POST', `/api/v1${path}`, JSON.stringify(body))
      if (status !== 201) throw new Error(`POST ${path} answered ${status}: ${text.slice(0, 300)}`)
      return JSON.parse(text)
    },
    /** Reads the home page over and over until it holds the text; milliseconds since it was called. */
    async visible(text: string): Promise<number> {
      const since = performance.now()
      for (;;) {
        const page = await call('GET', '/')
        if (page.text.includes(text)) return performance.now() - since
        await patience(since, 0)
      }
    },
  }
}

/** Asks for the home page every 5 ms from another process while `work` runs. */
export async function probing(
  address: string,
  work: () => Promise<void>,
): Promise<{ longest: number; p50: number; p99: number }> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'probe.ts'), `${address}/`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(child.stdout!, 'data')
  await work()
  child.stdin!.end()
  await once(child, 'exit')
  const report = JSON.parse(output.trim().split('\n').at(-1)!)
  if (report.failed) throw new Error(`${report.failed} requests for the home page failed.`)
  return report
}
