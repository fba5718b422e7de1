import { type Answer, type Faults, openWire, type WireServer } from './server.ts'

/** One request as an endpoint got it. */
export interface WireHook {
  path: string
  id: string
  headers: Record<string, string>
  /** The raw body: what the signature covers. */
  body: string
}

export interface WireWebhook extends WireServer {
  /** The address of an endpoint: one server stands for as many as there are paths. */
  endpoint(path: string): string
  /** Every request that got as far as the work, repeated ones too, oldest first. */
  attempts(path: string): WireHook[]
  /** What an endpoint keeps: each webhook-id once. */
  received(path: string): WireHook[]
  /** What this endpoint answers from now on; 204 until it is told otherwise. */
  say(path: string, answer: number | Answer): void
}

/** Stands in for the servers of subscribers. `faults` is asked with the webhook-id as key. */
export async function openWebhook({ faults }: { faults?: Faults } = {}): Promise<WireWebhook> {
  const hooks: WireHook[] = []
  const answers = new Map<string, Answer>()
  const idOf = (headers: Record<string, unknown>) => String(headers['webhook-id'] ?? '')
  const server = await openWire(
    (req, body) => {
      const path = req.url ?? ''
      const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)]))
      hooks.push({ path, id: idOf(headers), headers, body })
      return answers.get(path) ?? { status: 204, body: '', headers: { 'content-type': 'text/plain' } }
    },
    (status) => ({ message: `It was told to answer ${status}.` }),
    { faults, keyOf: (req) => idOf(req.headers) },
  )
  const attempts = (path: string) => hooks.filter((hook) => hook.path === path)
  return {
    ...server,
    endpoint: (path) => `${server.url}${path}`,
    attempts,
    received: (path) => [...new Map(attempts(path).map((hook) => [hook.id, hook])).values()],
    say(path, answer) {
      answers.set(path, typeof answer === 'number' ? { status: answer, body: {} } : answer)
    },
  }
}
