import { hc } from 'hono/client'
import type { ApiRoutes } from './routes.ts'

export type ApiClient = ReturnType<typeof hc<ApiRoutes>>

/** What is carried over from the outer request to calls made on its behalf. */
const carried = ['cookie', 'authorization', 'x-candor-client-ip', 'user-agent', 'accept-language']

/** Several pages that are drawn at once read each thing once. */
export interface Answers {
  /** The answer to a GET of an address; `ask` is called when it is not known yet. */
  to(address: string, ask: () => Promise<Response>): Promise<Response>
}

interface Kept {
  status: number
  type: string
  value: unknown
}

/**
 * Keeps what was answered, read once and handed to every page as it is. `known` may give the answer to a path without
 * asking. With `freeze` a page that writes into what it was handed throws.
 */
export function openAnswers({
  known = () => undefined,
  freeze = false,
}: {
  known?: (path: string) => Promise<unknown> | undefined
  freeze?: boolean
} = {}): Answers {
  const answers = new Map<string, Promise<Kept>>()
  const keep = async (response: Response): Promise<Kept> => {
    const type = response.headers.get('content-type') ?? ''
    return { status: response.status, type, value: await response.json() }
  }
  const read = (address: string, ask: () => Promise<Response>): Promise<Kept> => {
    const { pathname, search } = new URL(address)
    const value = search ? undefined : known(pathname)
    return value ? value.then((found) => ({ status: 200, type: 'application/json', value: found })) : ask().then(keep)
  }
  return {
    async to(address, ask) {
      let answer = answers.get(address)
      if (!answer) {
        answer = read(address, ask).then((kept) => (freeze ? frozen(kept) : kept))
        answers.set(address, answer)
      }
      const { status, type, value } = await answer
      const response = new Response(null, { status, headers: { 'content-type': type } })
      // Defined, not assigned: a server in the same process puts a Response of its own here whose methods are read-only.
      return Object.defineProperty(response, 'json', { value: async () => value })
    },
  }
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) frozen(inner)
  }
  return value
}

/**
 * The typed API without a network: the same routes, guards and checks that the outside meets, as whoever asks. With
 * `answers`, what was asked before is not asked again.
 */
export function clientFor(
  routes: ApiRoutes,
  asker: Record<string, string | string[] | undefined> = {},
  answers?: Answers,
): ApiClient {
  const own: Record<string, string> = {}
  for (const name of carried) {
    const value = asker[name]
    if (typeof value === 'string') own[name] = value
  }
  const ask = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers)
    for (const [name, value] of Object.entries(own)) headers.set(name, value)
    return routes.request(input instanceof URL ? input.href : input, { ...init, headers })
  }
  const askOnce = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    if (!answers || (init?.method ?? 'GET') !== 'GET') return ask(input, init)
    return answers.to(input instanceof Request ? input.url : String(input), () => ask(input, init))
  }
  return hc<ApiRoutes>('http://candor.internal', { fetch: askOnce })
}
