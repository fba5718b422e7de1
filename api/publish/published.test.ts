import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { finish, writeFiles } from './files.ts'
import { openPublished, type Published } from './published.ts'

const dir = mkdtempSync(join(tmpdir(), 'candor-published-'))
const pages: Record<string, string> = {
  '/': `<p>home ${'calm '.repeat(200)}</p>`,
  '/zh-CN/': '<p>首页</p>',
  '/incidents/abc/': '<p>an incident</p>',
  '/i/1107/': 'to the incident',
  '/zh-CN/i/1107/': '转到事件',
  '/404.html': '<p>nothing here</p>',
  '/zh-CN/404.html': '<p>没有内容</p>',
  '/history.rss': '<rss/>',
  '/assets/page.abc.js': 'plan()',
}
let server: Server
let published: Published

beforeAll(async () => {
  await writeFiles(
    dir,
    await Promise.all(Object.entries(pages).map(([place, text]) => finish(place, Buffer.from(text)))),
  )
  writeFileSync(join(dir, '..', 'secret-of-candor-test.txt'), 'secret')
  published = openPublished(dir, 'https://status.hezhou.example')
  server = createServer(async (req, res) => {
    if (!(await published.serve(req, res))) res.writeHead(599).end('not published')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.close()
  rmSync(dir, { recursive: true })
  rmSync(join(dir, '..', 'secret-of-candor-test.txt'))
})

const port = () => (server.address() as AddressInfo).port

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, string | undefined>; body: Buffer }>(
    (resolve, reject) => {
      request({ host: '127.0.0.1', port: port(), path, method, headers }, (res) => {
        const parts: Buffer[] = []
        res.on('data', (part: Buffer) => parts.push(part))
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers as Record<string, string | undefined>,
            body: Buffer.concat(parts),
          }),
        )
      })
        .on('error', reject)
        .end()
    },
  )
}

it('serves the same page plain, gzipped and as brotli, each with a tag of its own', async () => {
  const plain = await get('/')
  expect(plain.status).toBe(200)
  expect(plain.body.toString()).toBe(pages['/'])
  expect(plain.headers['content-type']).toBe('text/html; charset=utf-8')
  const gz = await get('/', { 'accept-encoding': 'gzip' })
  expect(gz.headers['content-encoding']).toBe('gzip')
  expect(gunzipSync(gz.body).toString()).toBe(pages['/'])
  const br = await get('/', { 'accept-encoding': 'gzip, deflate, br' })
  expect(br.headers['content-encoding']).toBe('br')
  expect(brotliDecompressSync(br.body).toString()).toBe(pages['/'])
  expect(new Set([plain, gz, br].map(({ headers }) => headers.etag)).size).toBe(3)
  const refused = await get('/', { 'accept-encoding': 'br;q=0, gzip;q=0' })
  expect(refused.headers['content-encoding']).toBeUndefined()
  for (const { headers } of [plain, gz, br]) {
    expect(headers.vary).toBe('accept-encoding')
    expect(headers['cache-control']).toBe('public, max-age=0, must-revalidate')
  }
})

it('answers 304 to who holds the page, and 200 to who holds another', async () => {
  const headers = { 'accept-encoding': 'br' }
  const { etag } = (await get('/', headers)).headers
  const again = await get('/', { ...headers, 'if-none-match': `"old", W/${etag}` })
  expect(again.status).toBe(304)
  expect(again.body).toHaveLength(0)
  expect(again.headers.etag).toBe(etag)
  expect((await get('/', { ...headers, 'if-none-match': '"old"' })).status).toBe(200)
  expect((await get('/', { 'if-none-match': etag! })).status).toBe(200)
})

it('answers 304 to who holds a page that was only packed better since, and 200 in another packing', async () => {
  const file = await finish('/', Buffer.from(pages['/']!))
  const { etag = '' } = (await get('/', { 'accept-encoding': 'br' })).headers
  published.swap([{ ...file, br: brotliCompressSync(file.bytes) }])
  const better = await get('/', { 'accept-encoding': 'br', 'if-none-match': etag })
  expect([better.status, better.headers.etag === etag]).toEqual([304, false])
  expect((await get('/', { 'accept-encoding': 'gzip', 'if-none-match': etag })).status).toBe(200)
  published.swap([file])
})

it('answers HEAD with the length and no body', async () => {
  const head = await get('/history.rss', {}, 'HEAD')
  expect(head.status).toBe(200)
  expect(head.body).toHaveLength(0)
  expect(head.headers['content-length']).toBe(String(pages['/history.rss']!.length))
  expect(head.headers['content-type']).toBe('application/rss+xml; charset=utf-8')
})

it('tells the browser of another site that feeds and JSON may be read, whatever headers are sent, and pages not', async () => {
  const asking = { origin: 'https://shop.example', 'access-control-request-headers': 'x-requested-with' }
  const asked = await get('/history.rss', asking, 'OPTIONS')
  expect([asked.status, asked.body.length]).toEqual([204, 0])
  expect(asked.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': '*',
  })
  for (const path of ['/', '/nothing.rss']) expect((await get(path, asking, 'OPTIONS')).status, path).toBe(599)
})

it('leads a path without its last slash to the page, query kept, and nowhere else', async () => {
  const moved = await get('/incidents/abc?from=sms')
  expect([moved.status, moved.headers.location]).toEqual([308, '/incidents/abc/?from=sms'])
  expect((await get('/zh-CN')).headers.location).toBe('/zh-CN/')
  expect((await get('/en/incidents/abc')).headers.location).toBe('/incidents/abc/')
  expect((await get('//evil.example')).status).toBe(599)
})

it('answers the published 404 page in the language of the path, and leaves other paths to others', async () => {
  const missing = await get('/incidents/nothing/')
  expect([missing.status, missing.body.toString()]).toEqual([404, pages['/404.html']])
  const chinese = await get('/zh-CN/incidents/nothing/')
  expect([chinese.status, chinese.body.toString()]).toEqual([404, pages['/zh-CN/404.html']])
  for (const path of ['/api/v1/status', '/admin', '/subscribe/confirm/x']) expect((await get(path)).status).toBe(599)
  expect((await get('/', {}, 'POST')).status).toBe(599)
})

it('reads nothing outside the folder, however the path is written', async () => {
  const attempts = [
    '/..%2fsecret-of-candor-test.txt',
    '/%2e%2e/secret-of-candor-test.txt',
    '/incidents/..%2f..%2f..%2fsecret-of-candor-test.txt',
    '/..\\secret-of-candor-test.txt',
    '/assets/../../secret-of-candor-test.txt',
    '/index.html%00.txt',
    '/revision.json',
    '/index.html.br',
  ]
  for (const path of attempts) {
    const raw = await sendRaw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(raw, path).not.toContain('secret\n')
    expect(raw, path).toMatch(/^HTTP\/1\.1 (404|599|400)/)
    expect(raw.split('\r\n\r\n')[1] ?? '', path).not.toContain('secret')
  }
})

function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    connect(port(), '127.0.0.1')
      .on('data', (part) => {
        answer += part
      })
      .on('end', () => resolve(answer))
      .on('error', reject)
      .end(text)
  })
}

it('answers a short link in the language the browser asks for', async () => {
  expect((await get('/i/1107/', { 'accept-language': 'zh-Hans-CN,zh;q=0.9,en;q=0.8' })).body.toString()).toBe(
    '转到事件',
  )
  expect((await get('/i/1107/', { 'accept-language': 'de,en;q=0.5,zh;q=0.1' })).body.toString()).toBe('to the incident')
  expect((await get('/I/1107/')).status).toBe(599)
  expect((await get('/i/1107/')).headers.vary).toBe('accept-encoding, accept-language')
})

it('sends the headers that keep a reader safe, and keeps hashed files for good', async () => {
  const { headers } = await get('/')
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'content-security-policy': "frame-ancestors 'none'",
    'referrer-policy': 'same-origin',
  })
  expect(Number(/max-age=(\d+)/.exec(headers['strict-transport-security'] ?? '')?.[1])).toBeGreaterThanOrEqual(
    31_536_000,
  )
  expect((await get('/assets/page.abc.js')).headers['cache-control']).toContain('immutable')
})

it('shows what was swapped in at once, from memory, and goes on when the folder is gone', async () => {
  const file = await finish('/incidents/abc/', Buffer.from('<p>resolved</p>'))
  published.swap([file], ['/zh-CN/i/1107/'])
  expect((await get('/incidents/abc/')).body.toString()).toBe('<p>resolved</p>')
  expect((await get('/zh-CN/i/1107/')).status).toBe(404)
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true })
  expect((await get('/', { 'accept-encoding': 'br' })).status).toBe(200)
  expect((await get('/history.rss')).body.toString()).toBe('<rss/>')
})
