import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { Context } from 'hono'

/** The header in which the front door hands the client's address to the API; whatever came from outside is overwritten. */
export const clientIpHeader = 'x-candor-client-ip'

/**
 * The address of whoever asks. `X-Forwarded-For` is believed only as far as it was written by a proxy in
 * `trustedProxies` (addresses or networks such as "10.0.0.0/8"): read from the right, the first address that is not a
 * trusted proxy is the client. '' when the socket is gone.
 */
export function clientAddress(
  req: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } },
  trustedProxies: readonly string[],
): string {
  let client = plain(req.socket.remoteAddress ?? '')
  if (!trustedProxies.length) return client
  const trusted = proxyList(trustedProxies)
  const header = req.headers['x-forwarded-for']
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((hop) => plain(hop.trim()))
  while (isTrusted(trusted, client)) {
    const hop = hops.pop()
    if (!hop || !isIP(hop)) break
    client = hop
  }
  return client
}

/** The client's address as the front door found it. */
export const clientIp = (c: Context): string => c.req.header(clientIpHeader) ?? ''

/** "::ffff:192.0.2.1" is an IPv4 address that came in through an IPv6 socket. */
const plain = (ip: string) => (/^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(ip) ? ip.slice(7) : ip)

function isTrusted(list: BlockList, ip: string): boolean {
  const family = isIP(ip)
  return family !== 0 && list.check(ip, family === 6 ? 'ipv6' : 'ipv4')
}

const lists = new Map<string, BlockList>()
function proxyList(proxies: readonly string[]): BlockList {
  const key = proxies.join(',')
  const known = lists.get(key)
  if (known) return known
  const list = new BlockList()
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/')
    const family = isIP(address)
    if (!family) continue
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, type)
    else list.addSubnet(address, Number(bits), type)
  }
  lists.set(key, list)
  return list
}
