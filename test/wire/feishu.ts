import { createHmac } from 'node:crypto'
import { type Faults, openWire, type WireServer } from './server.ts'

/** One message as it stands in a group. */
export interface FeishuPost {
  hook: string
  title: string
  /** All texts of the post, a paragraph a line. */
  text: string
}

export interface WireFeishu extends WireServer {
  /** The address of a robot; with a secret it takes signed requests only. */
  robot(name: string, secret?: string): string
  posts(name: string): FeishuPost[]
  /** The robot answers every message with this code from now on: 19024, a keyword is missing; 19001, it is gone. */
  refuse(name: string, code: number): void
  /** Its clock; with one it keeps Feishu's rates of five a second and 100 a minute. */
  clock: { now(): string } | null
}

const bodyBytesMax = 20 * 1024
const hourSeconds = 3_600
const tooFast = 11232
const internal = 1500
const messages: Record<number, string> = {
  9499: 'Bad Request',
  11232: 'frequency limited',
  19001: 'param invalid: incoming webhook access token invalid',
  19021: 'sign match fail or timestamp is not within one hour from current time',
  19024: 'Key Words Not Found',
}
const answer = (code: number) => ({
  status: 200,
  body: code ? { code, msg: messages[code] ?? 'internal error', data: {} } : { code: 0, msg: 'success', data: {} },
})

/** Stands in for open.feishu.cn: HTTP 200 to everything, the truth in the body's code; signatures, sizes, rates. */
export async function openFeishu({ faults }: { faults?: Faults } = {}): Promise<WireFeishu> {
  const posts: FeishuPost[] = []
  const secrets = new Map<string, string>()
  const refused = new Map<string, number>()
  const taken = new Map<string, number[]>()
  const wire: { clock: WireFeishu['clock'] } = { clock: null }
  const server = await openWire(
    (req, text) => {
      const hook = req.url ?? ''
      const told = refused.get(hook)
      if (told !== undefined) return answer(told)
      if (!/^\/open-apis\/bot\/v2\/hook\/[\w-]+$/.test(hook)) return answer(19001)
      if (Buffer.byteLength(text) > bodyBytesMax) return answer(9499)
      const message: {
        msg_type?: string
        timestamp?: string
        sign?: string
        content?: { post?: Record<string, { title?: string; content: { tag: string; text: string }[][] }> }
      } = JSON.parse(text)
      const secret = secrets.get(hook)
      if (secret !== undefined) {
        const { timestamp = '', sign } = message
        const off = Math.abs(Date.now() / 1_000 - Number(timestamp))
        const right = createHmac('sha256', `${timestamp}\n${secret}`).digest('base64')
        if (sign !== right || !(off < hourSeconds)) return answer(19021)
      }
      const [post] = Object.values(message.content?.post ?? {})
      if (message.msg_type !== 'post' || !post?.content.flat().every(({ tag, text: words }) => tag && words))
        return answer(9499)
      if (wire.clock) {
        const now = Date.parse(wire.clock.now())
        const before = (taken.get(hook) ?? []).filter((at) => now - at < 60_000)
        if (before.length >= 100 || before.filter((at) => now - at < 1_000).length >= 5) return answer(tooFast)
        taken.set(hook, [...before, now])
      }
      const lines = post.content.map((paragraph) => paragraph.map(({ text: words }) => words).join(''))
      posts.push({ hook, title: post.title ?? '', text: lines.join('\n') })
      return answer(0)
    },
    (status) => answer(status === 429 ? tooFast : internal).body,
    { faults, failureStatus: 200, keyOf: (req) => req.url ?? '' },
  )
  const path = (name: string) => `/open-apis/bot/v2/hook/${name}`
  return {
    ...server,
    robot(name, secret) {
      if (secret !== undefined) secrets.set(path(name), secret)
      return `${server.url}${path(name)}`
    },
    posts: (name) => posts.filter(({ hook }) => hook === path(name)),
    refuse: (name, code) => void refused.set(path(name), code),
    get clock() {
      return wire.clock
    },
    set clock(clock) {
      wire.clock = clock
    },
  }
}
