import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { copyAssets } from '#api/publish/assets.ts'
import { listOf } from '#api/publish/copy-lists.ts'
import { exportPublished } from '#api/publish/export.ts'
import { finish, writeFiles } from '#api/publish/files.ts'
import { openPublished } from '#api/publish/published.ts'
import { missingPrograms, spawnNginx } from './support/nginx.ts'
import { freePort } from './support/postgres.ts'
import { serveSite } from './support/site.ts'

// npm run check:servers: an exported folder behind real nginx and Caddy answers as this program does. Says what differs
// and ends with 1, also when one of the two is not installed (Debian: apt-get install nginx caddy).

const publicUrl = 'https://status.example.com'
const room = mkdtempSync(join(tmpdir(), 'candor-servers-'))
const published = join(room, 'published')
const target = join(room, 'export')
const running: ChildProcess[] = []

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

function get(address: string, path: string, accepts: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(address + path, { headers: accepts }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const packed = res.headers['content-encoding']
        const body = packed === 'br' ? brotliDecompressSync(bytes) : packed === 'gzip' ? gunzipSync(bytes) : bytes
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: body.toString() })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** A folder with one of everything that is published. */
async function fill(): Promise<void> {
  const places = ['/', '/404.html', '/history/', '/incidents/abcdefghijkl/', '/i/1107/'].flatMap((place) => [
    place,
    `/zh-CN${place}`,
  ])
  const documents = [
    '/history.rss',
    '/history.atom',
    '/feed.json',
    '/zh-CN/feed.json',
    '/badge.svg',
    '/maintenance.ics',
  ]
  const once = ['/api/v2/summary.json', '/sitemap.xml', '/robots.txt']
  const files = [...places, ...documents, ...once].map((place) =>
    finish(place, Buffer.from(`This is ${place}. ${'It is long enough to be packed. '.repeat(40)}`)),
  )
  await writeFiles(published, await Promise.all(files))
  const assets = join(room, 'assets')
  mkdirSync(join(assets, 'assets'), { recursive: true })
  writeFileSync(join(assets, 'assets/live.Ab12Cd34.js'), `// ${'script '.repeat(200)}`)
  await copyAssets(assets, published)
}

const paths = [
  '/',
  '/zh-CN/',
  '/history/?page=2',
  '/history',
  '/zh-CN/history?page=2',
  '/incidents/abcdefghijkl/',
  '/i/1107/',
  '/zh-CN/i/1107/',
  '/history.rss',
  '/history.atom',
  '/feed.json',
  '/zh-CN/feed.json',
  '/badge.svg',
  '/maintenance.ics',
  '/api/v2/summary.json',
  '/sitemap.xml',
  '/robots.txt',
  '/assets/live.Ab12Cd34.js',
  '/nowhere',
  '/nowhere.json',
  '/nowhere/at/all/',
  '/zh-CN/nowhere',
  '/i/none/',
  '/nginx.conf',
  '/Caddyfile',
  '/_headers',
  '/candor-copy.json',
  `/${listOf('incidents/abcdefghijkl/index.html')}`,
  '/index.html.br',
]
const compared = [
  'content-type',
  'cache-control',
  'access-control-allow-origin',
  'x-content-type-options',
  'referrer-policy',
  'content-security-policy',
  'cross-origin-opener-policy',
  'permissions-policy',
  'strict-transport-security',
  'location',
]
const asks: Record<string, string>[] = [
  { 'accept-encoding': 'gzip' },
  { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' },
  { 'accept-language': 'en-GB,zh;q=0.5', 'accept-encoding': 'gzip' },
]

/** What an answer is, but for how it is packed. A redirect's own words and type are each server's. */
function shape({ status, headers, body }: Answer): Record<string, unknown> {
  const named = Object.fromEntries(compared.map((name) => [name, headers[name]]))
  if (status === 308)
    return { status, location: headers.location, 'x-content-type-options': headers['x-content-type-options'] }
  return { status, ...named, body }
}

async function compare(name: string, address: string, own: string): Promise<string[]> {
  const differences: string[] = []
  for (const path of paths)
    for (const accepts of asks) {
      const right = shape(await get(own, path, accepts))
      const other = await get(address, path, accepts)
      const theirs = shape(other)
      for (const key of new Set([...Object.keys(right), ...Object.keys(theirs)]))
        if (right[key] !== theirs[key])
          differences.push(`${name} ${path} ${JSON.stringify(accepts)}: ${key} is ${theirs[key]}, not ${right[key]}`)
      const packable = other.status === 200 && accepts['accept-encoding'] === 'gzip'
      if (packable && other.headers['content-encoding'] !== 'gzip') differences.push(`${name} ${path}: not packed`)
      if (path === '/i/1107/' && !/accept-language/i.test(String(other.headers.vary)))
        differences.push(`${name} ${path}: Vary does not name Accept-Language`)
    }
  return differences
}

async function start(command: string, child: ChildProcess, address: string): Promise<void> {
  running.push(child)
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`${command} ended at once.`)
    if (
      await get(address, '/', {}).then(
        () => true,
        () => false,
      )
    )
      return
    await wait(100)
  }
  throw new Error(`${command} does not answer.`)
}

const settingsOf = (file: string) => readFileSync(join(target, file), 'utf8')

async function check(): Promise<string[]> {
  const missing = missingPrograms(['nginx', '-v'], ['caddy', 'version'])
  if (missing) throw new Error(missing)
  await fill()
  await exportPublished(published, publicUrl, target)
  const own = await serveSite(openPublished(published, publicUrl))
  const [nginxPort, caddyPort] = [await freePort(), await freePort()]
  writeFileSync(
    join(room, 'Caddyfile'),
    `{\n\tadmin off\n}\n${settingsOf('Caddyfile').replace('status.example.com {', `http://127.0.0.1:${caddyPort} {`)}`,
  )
  try {
    const nginx = `http://127.0.0.1:${nginxPort}`
    const caddy = `http://127.0.0.1:${caddyPort}`
    await start('nginx', spawnNginx({ room, target, port: nginxPort }), nginx)
    const asked = ['run', '--config', join(room, 'Caddyfile'), '--adapter', 'caddyfile']
    const quiet = { stdio: 'ignore', env: { ...process.env, HOME: room } } as const
    await start('caddy', spawn('caddy', asked, quiet), caddy)
    return [...(await compare('nginx', nginx, own.address)), ...(await compare('Caddy', caddy, own.address))]
  } finally {
    await own.stop()
  }
}

try {
  const differences = await check()
  for (const line of differences) console.error(line)
  if (differences.length) process.exitCode = 1
  else console.log(`nginx and Caddy answer ${paths.length} paths, asked in ${asks.length} ways, as this program does.`)
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
} finally {
  for (const child of running) child.kill()
  if (existsSync(room)) rmSync(room, { recursive: true, force: true })
}
