import { isIP } from 'node:net'

/** Who a limit counts: an IPv4 address alone, an IPv6 address by its /64, the network one customer has. */
export function clientNetwork(ip: string): string {
  if (isIP(ip) !== 6) return ip || 'unknown'
  const [head = '', tail] = (ip.split('%')[0] ?? '').split('::')
  const left = head ? head.split(':') : []
  const right = tail ? tail.split(':') : []
  const groups =
    tail === undefined ? left : [...left, ...Array(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
