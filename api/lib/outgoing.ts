import { BlockList, connect, isIP, type LookupFunction } from 'node:net'
import type { Agent, buildConnector, Dispatcher } from 'undici'
import { load } from './load.ts'

const undici = () => load<typeof import('undici')>('undici')

// Requests to addresses that strangers gave us. They must reach nothing but the public internet: not this machine, not
// its network, not a cloud's metadata. The list is asked when a connection is made, after the name was resolved, so
// that neither a name nor another spelling of an address gets past it.

const v4Special: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]
/** Within global unicast (2000::/3): protocols, documentation, 6to4, which leads back to version 4. */
const v6Special: [string, number][] = [
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

/**
 * All of ::/3, such as ::1 and 64:ff9b::/96, but ::ffff:0:0/96: as those the list looks at version 4, so a rule about
 * them would close the whole internet. Each rule is the other half at one more bit on the way to them.
 */
function besideMapped(): [string, number][] {
  const mapped = 0xffffn << 32n
  return Array.from({ length: 93 }, (_, place) => {
    const bits = place + 4
    const keep = ((1n << BigInt(bits)) - 1n) << BigInt(128 - bits)
    const net = (mapped ^ (1n << BigInt(128 - bits))) & keep
    const groups = net.toString(16).padStart(32, '0').match(/.{4}/g)!
    return [groups.join(':'), bits]
  })
}

/** Every range that is not the public internet: IANA's special-purpose registries, and multicast. */
export const specialRanges = new BlockList()
for (const [net, bits] of v4Special) specialRanges.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [...v6Special, ...besideMapped()]) specialRanges.addSubnet(net, bits, 'ipv6')

/** How long a request may take in all, in milliseconds. */
export const outgoingTimeoutMs = 15_000
/** So much of an answer is read and no more, in bytes. */
export const answerBytesMax = 64 * 1024
const ports = new Set(['', '443', '8443'])
const connectionsPerHost = 4
/** A wait that an answer asks for is believed up to this, in seconds. */
const retryAfterMax = 6 * 3_600

/** What came back. `text` is what could be read of the body within the limits. */
export interface OutgoingAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

/** Nothing came back. `refused`: we did not try, because the address leads where it must not. `sent`: it may have been taken in. */
export class OutgoingFailed extends Error {
  readonly refused: boolean
  readonly sent: boolean
  constructor(reason: string, more: { refused?: boolean; sent?: boolean } = {}) {
    super(reason)
    this.name = 'OutgoingFailed'
    this.refused = more.refused ?? false
    this.sent = more.sent ?? false
  }
}

export interface Outgoing {
  /** Posts JSON and gives the answer, whatever its status; a redirect is an answer and is never followed. Throws OutgoingFailed and nothing else. */
  post(url: string, json: string, headers?: Record<string, string>): Promise<OutgoingAnswer>
  close(): Promise<void>
}

export interface OutgoingSettings {
  /** Lets http, any port and addresses of this machine through: for tests and development. */
  local?: boolean
  /** Leaves it to the connection to find out where an address leads, whatever it looks like; for tests of that. */
  anyAddress?: boolean
  /** Resolves names in the system's place. */
  lookup?: LookupFunction
  timeoutMs?: number
}

/** Why this is no address to send to, as a sentence; null when it is one. What its name resolves to is asked when it is used. */
export function refusalOf(text: string, local = false): string | null {
  if (!URL.canParse(text)) return 'This is not an address.'
  const url = new URL(text)
  if (url.username || url.password) return 'An address must not hold a name or a password.'
  if (local) return /^https?:$/.test(url.protocol) ? null : 'An address must begin with https://.'
  if (url.protocol !== 'https:') return 'An address must begin with https://.'
  if (!ports.has(url.port)) return 'An address must use port 443 or 8443.'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  const inside = family ? specialRanges.check(host, family === 6 ? 'ipv6' : 'ipv4') : /(^|\.)localhost\.?$/i.test(host)
  return inside ? 'This address leads into a private network.' : null
}

/** Opens the way out. One serves all channels; close it when the program ends. */
export function openOutgoing(settings: OutgoingSettings = {}): Outgoing {
  const { local = false, anyAddress = local, lookup, timeoutMs = outgoingTimeoutMs } = settings
  const connect = () =>
    guarded({ ...(local ? {} : { blockList: specialRanges }), ...(lookup ? { lookup } : {}) }, timeoutMs)
  let agent: Agent | null = null
  return {
    async post(url, json, headers = {}) {
      const refusal = refusalOf(url, anyAddress)
      if (refusal) throw new OutgoingFailed(refusal, { refused: true })
      agent ??= new (undici().Agent)({ connections: connectionsPerHost, connect: connect() })
      try {
        const answer = await undici().request(url, {
          method: 'POST',
          body: json,
          headers: { 'content-type': 'application/json', 'user-agent': 'Candor', ...headers },
          dispatcher: agent,
          signal: AbortSignal.timeout(timeoutMs),
        })
        return { status: answer.statusCode, headers: answer.headers, text: await firstOf(answer.body) }
      } catch (error) {
        throw failureOf(error)
      }
    },
    close: async () => agent?.destroy(),
  }
}

/**
 * Makes connections that a block list stands over. Node asks the list when a plain socket connects and forgets it when
 * a TLS socket does it by itself (24.21), so the plain socket comes first, always, and TLS is put over it.
 */
function guarded(
  options: { blockList?: BlockList; lookup?: LookupFunction },
  timeoutMs: number,
): buildConnector.connector {
  const { errors, ...sdk } = undici()
  const upgrade = sdk.buildConnector({ allowH2: false, timeout: timeoutMs })
  return (target, done) => {
    const secure = target.protocol === 'https:'
    const socket = connect({
      ...options,
      host: target.hostname.replace(/^\[|\]$/g, ''),
      port: Number(target.port) || (secure ? 443 : 80),
      autoSelectFamily: true,
      keepAlive: true,
    })
    const failed = (error: Error) => {
      clearTimeout(overdue)
      done(error, null)
    }
    const overdue = setTimeout(() => socket.destroy(new errors.ConnectTimeoutError()), timeoutMs)
    socket.once('error', failed).once('connect', () => {
      clearTimeout(overdue)
      socket.off('error', failed)
      if (secure) upgrade({ ...target, httpSocket: socket }, done)
      else done(null, socket)
    })
  }
}

/** The beginning of a body. A body that stops short is no failure: the status has been said. */
async function firstOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      chunks.push(Buffer.from(chunk))
      bytes += chunk.length
      if (bytes >= answerBytesMax) break
    }
  } catch {
    // What came before is what there is.
  }
  body.on('error', () => {}).destroy()
  return Buffer.concat(chunks).subarray(0, answerBytesMax).toString('utf8')
}

/** Before a connection stands nothing can have been sent. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function failureOf(error: unknown): OutgoingFailed {
  const codes = codesOf(error)
  if (codes.includes('ERR_IP_BLOCKED'))
    return new OutgoingFailed('The address leads into a private network.', { refused: true })
  if (error instanceof Error && error.name === 'TimeoutError')
    return new OutgoingFailed('No answer in time.', { sent: true })
  const [code = 'unknown'] = codes
  // Neither a sentence of the system nor one of the other side: both may repeat the address.
  const reason = error instanceof undici().errors.HTTPParserError ? 'unreadable answer' : code
  return new OutgoingFailed(`No answer: ${reason}.`, {
    sent: !codes.length || codes.some((one) => !neverSent.has(one)),
  })
}

function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : []
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : []
  return [...new Set([...inner, ...own, ...codesOf(error.cause)])]
}

/** How long an answer wants us to wait, in seconds: a number or a date (RFC 9110, 10.2.3); undefined when it does not say. */
export function retryAfterOf({ headers }: OutgoingAnswer, nowMs: number): number | undefined {
  const given = [headers['retry-after']].flat()[0]?.trim() ?? ''
  const seconds = /^\d{1,9}$/.test(given) ? Number(given) : Math.ceil((Date.parse(given) - nowMs) / 1_000)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), retryAfterMax)
}
