import { type Answer, type Faults, openWire, type WireServer } from './server.ts'

interface SlackBlock {
  type: string
  text?: { type: string; text: string; verbatim?: boolean }
}

/** One message as it stands in a channel. */
export interface SlackPost {
  hook: string
  text: string
  blocks: SlackBlock[]
}

export interface WireSlack extends WireServer {
  /** The address of an incoming webhook. */
  hook(name: string): string
  posts(name: string): SlackPost[]
  /** This webhook was taken away, or its channel archived. */
  retire(name: string, how?: 'no_service' | 'channel_is_archived'): void
  /** Its clock; with one it keeps Slack's rate of one message a second and webhook. */
  clock: { now(): string } | null
}

const blocksMax = 50
const sectionMax = 3_000
const perMs = 1_000
const say = (status: number, word: string, headers: Record<string, string> = {}): Answer => ({
  status,
  body: word,
  headers: { 'content-type': 'text/plain', ...headers },
})
const words: Record<number, string> = {
  400: 'invalid_payload',
  403: 'action_prohibited',
  404: 'no_service',
  410: 'channel_is_archived',
  429: 'rate_limited',
}

/** Stands in for hooks.slack.com: honest statuses with one word, blocks and lengths checked, one message a second. */
export async function openSlack({ faults }: { faults?: Faults } = {}): Promise<WireSlack> {
  const posts: SlackPost[] = []
  const retired = new Map<string, Answer>()
  const last = new Map<string, number>()
  const wire: { clock: WireSlack['clock'] } = { clock: null }
  const server = await openWire(
    (req, body) => {
      const hook = req.url ?? ''
      const gone = retired.get(hook)
      if (req.method !== 'POST' || !hook.startsWith('/services/')) return say(404, 'no_service')
      if (gone) return gone
      if (!req.headers['content-type']?.startsWith('application/json')) return say(400, 'invalid_payload')
      const message: { text?: unknown; blocks?: SlackBlock[] } = JSON.parse(body)
      if (typeof message.text !== 'string' || !message.text) return say(400, 'no_text')
      const blocks = message.blocks ?? []
      const wrong = blocks.some(
        ({ type, text }) =>
          !['section', 'divider'].includes(type) || (text && (!text.text || text.text.length > sectionMax)),
      )
      if (wrong || blocks.length > blocksMax) return say(400, 'invalid_blocks')
      if (wire.clock) {
        const now = Date.parse(wire.clock.now())
        if (now - (last.get(hook) ?? 0) < perMs) return say(429, 'rate_limited', { 'retry-after': '1' })
        last.set(hook, now)
      }
      posts.push({ hook, text: message.text, blocks })
      return say(200, 'ok')
    },
    (status) => ({ error: words[status] ?? 'internal_error' }),
    { faults, keyOf: (req) => req.url ?? '' },
  )
  const path = (name: string) => `/services/T000/B000/${name}`
  return {
    ...server,
    hook: (name) => `${server.url}${path(name)}`,
    posts: (name) => posts.filter(({ hook }) => hook === path(name)),
    retire: (name, how = 'no_service') => void retired.set(path(name), say(how === 'no_service' ? 404 : 410, how)),
    get clock() {
      return wire.clock
    },
    set clock(clock) {
      wire.clock = clock
    },
  }
}
