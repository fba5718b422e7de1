import { createServer, type Server, type ServerResponse } from 'node:http'
import type { LookupFunction } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTlsProxy } from '#test/support/tls-proxy.ts'
import { answerBytesMax, OutgoingFailed, openOutgoing, refusalOf, retryAfterOf, specialRanges } from './outgoing.ts'

let hits = 0
let answer: (res: ServerResponse) => void = (res) => res.end('ok')
const servers: Server[] = []
let port = 0
beforeAll(async () => {
  // One server on every address of this machine: whatever gets through is seen.
  const server = createServer((req, res) => {
    hits++
    req.resume().on('end', () => answer(res))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '::', resolve))
  port = (server.address() as { port: number }).port
})
afterAll(() => servers.map((server) => server.close()))

const failureOf = async (sent: Promise<unknown>): Promise<OutgoingFailed> => {
  try {
    await sent
  } catch (error) {
    if (error instanceof OutgoingFailed) return error
    throw error
  }
  throw new Error('It got through.')
}
/** A way out that asks this in the place of the name service. */
const resolvingTo = (...addresses: string[]): LookupFunction => {
  let asked = 0
  return (_host, options, done) => {
    const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all) return done(null, all)
    const one = all[asked++ % all.length]!
    done(null, one.address, one.family)
  }
}

describe('the block list, asked when the connection is made', () => {
  // The rules about https and ports are put aside here, so that the list alone stands between us and this machine.
  const literals = [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '017700000001',
    '127.1',
    '0',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[ff02::1]',
    '[2001:db8::1]',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ]
  const listAlone = openOutgoing({ anyAddress: true, timeoutMs: 3_000 })
  afterAll(() => listAlone.close())
  it.each(literals)('https to %s is refused before anything is sent', async (host) => {
    const before = hits
    const out = openOutgoing({ timeoutMs: 3_000 })
    expect(await failureOf(out.post(`https://${host}/`, '{}'))).toMatchObject({ refused: true, sent: false })
    // What looks at the address as it is written is left out, so that the connection alone stands in the way.
    for (const scheme of ['http', 'https']) {
      const failed = await failureOf(listAlone.post(`${scheme}://${host}:${port}/`, '{}'))
      expect([scheme, failed.message]).toEqual([scheme, 'The address leads into a private network.'])
    }
    expect(hits).toBe(before)
    await out.close()
  })

  it.each([
    ['a private address', ['10.1.2.3']],
    ['this machine', ['127.0.0.1']],
    ['this machine, in version 6', ['::1']],
    ['several addresses that are all private', ['127.0.0.1', '::1', '169.254.169.254']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['a translated address', ['64:ff9b::a9fe:a9fe']],
  ])('a name that leads to %s is refused', async (_what, addresses) => {
    const before = hits
    const out = openOutgoing({ lookup: resolvingTo(...addresses), timeoutMs: 3_000 })
    const failed = await failureOf(out.post('https://hooks.shop.example/', '{}'))
    expect(failed).toMatchObject({ refused: true, sent: false })
    expect(failed.message).not.toContain('shop')
    expect(hits).toBe(before)
    await out.close()
  })

  it('a name that answers a public address first and this machine then does not get in', async () => {
    let asked = 0
    const lookup: LookupFunction = (_host, options, done) => {
      const address = asked++ === 0 ? '2606:4700::1' : '::1'
      if (options.all) done(null, [{ address, family: 6 }])
      else done(null, address, 6)
    }
    const out = openOutgoing({ lookup, timeoutMs: 400 })
    const first = await failureOf(out.post('https://rebind.shop.example/', '{}'))
    expect(first.refused).toBe(false)
    const second = await failureOf(out.post('https://rebind.shop.example/', '{}'))
    expect(second).toMatchObject({ refused: true, sent: false })
    await out.close()
  })

  it('public addresses are not on it', () => {
    for (const address of [
      '1.1.1.1',
      '8.8.8.8',
      '172.32.0.1',
      '100.128.0.1',
      '192.0.1.1',
      '198.20.0.1',
      '223.255.255.255',
    ])
      expect([address, specialRanges.check(address)]).toEqual([address, false])
    for (const address of ['2606:4700::1111', '2400:3200::1', '2a00:1450:4001::8a', '2001:4860:4860::8888'])
      expect([address, specialRanges.check(address, 'ipv6')]).toEqual([address, false])
  })
})

it('an address is https, at a usual port, without a name and password', () => {
  expect(refusalOf('https://shop.example/hook')).toBeNull()
  expect(refusalOf('https://shop.example:8443/hook?a=b')).toBeNull()
  for (const wrong of [
    'http://shop.example/',
    'https://shop.example:8080/',
    'https://shop.example:22/',
    'https://me@shop.example/',
    'https://me:pass@shop.example/',
    'ftp://shop.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://localhost/',
    'https://a.localhost./',
    'https://127.0.0.1/',
    'https://[::1]/',
    'shop.example',
    '',
  ])
    expect([wrong, refusalOf(wrong)]).toEqual([wrong, expect.stringMatching(/\.$/)])
})

describe('what comes back', () => {
  const out = openOutgoing({ local: true, timeoutMs: 600 })
  const url = () => `http://127.0.0.1:${port}/hook`
  afterAll(() => out.close())

  it('a redirect is an answer, and nobody follows it', async () => {
    answer = (res) => res.writeHead(307, { location: url() }).end()
    const before = hits
    expect(await out.post(url(), '{}')).toMatchObject({ status: 307 })
    expect(hits).toBe(before + 1)
  })

  it('of an endless answer 64 KB are read', async () => {
    let written = 0
    answer = (res) => {
      const more = () => {
        while (!res.destroyed) {
          written += 16_384
          if (!res.write('x'.repeat(16_384))) return void res.once('drain', more)
        }
      }
      more()
    }
    const { status, text } = await out.post(url(), '{}')
    expect([status, text.length]).toEqual([200, answerBytesMax])
    expect(written).toBeLessThan(16 * 1024 * 1024)
  })

  it('an answer that does not come, or does not end, does not hold us', async () => {
    answer = () => {}
    expect(await failureOf(out.post(url(), '{}'))).toMatchObject({ refused: false, sent: true })
    answer = (res) => void res.writeHead(202).write('half')
    expect(await out.post(url(), '{}')).toMatchObject({ status: 202, text: 'half' })
  })

  it('over https a server is asked who it is', async () => {
    const proxy = await startTlsProxy(0, url)
    const failed = await failureOf(out.post(`https://localhost:${proxy.port}/`, '{}'))
    expect(failed.message).toBe('No answer: DEPTH_ZERO_SELF_SIGNED_CERT.')
    await proxy.stop()
  })

  it('knows whether anything can have been sent', async () => {
    answer = (res) => void res.destroy()
    expect(await failureOf(out.post(url(), '{}'))).toMatchObject({ sent: true })
    expect(await failureOf(out.post('http://127.0.0.1:9/', '{}'))).toMatchObject({ sent: false, refused: false })
    expect(await failureOf(out.post('http://nobody.invalid/', '{}'))).toMatchObject({ sent: false })
  })
})

it('Retry-After is a number of seconds or a date, and believed for six hours', () => {
  const now = Date.parse('2026-11-11T12:00:00Z')
  const of = (value?: string) =>
    retryAfterOf({ status: 429, text: '', headers: value === undefined ? {} : { 'retry-after': value } }, now)
  expect(of('7')).toBe(7)
  expect(of('Wed, 11 Nov 2026 12:01:30 GMT')).toBe(90)
  expect(of('Wed, 11 Nov 2026 11:00:00 GMT')).toBe(0)
  expect(of('99999999')).toBe(6 * 3_600)
  expect(of('soon')).toBeUndefined()
  expect(of()).toBeUndefined()
})
