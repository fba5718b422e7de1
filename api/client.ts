import { setImmediate } from 'node:timers/promises'
import { hc } from 'hono/client'
import type { ApiRoutes } from './routes.ts'

export type ApiClient = ReturnType<typeof hc<ApiRoutes>>

/** What is carried over from the outer request to calls made on its behalf. */
const carried = ['cookie', 'authorization', 'x-candor-client-ip', 'user-agent', 'accept-language']

/** What was answered to a GET, by its address: several pages that are drawn at once read each thing once. */
export type Answers = Map<string, Promise<{ status: number; type: string; text: string }>>

/**
 * The typed API without a network: the same routes, guards and checks that the outside meets, as whoever asks. With
 * `answers`, what was asked before is not asked again, and the thread is left free between reading and drawing.
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
  const ask = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers)
    for (const [name, value] of Object.entries(own)) headers.set(name, value)
    return Promise.resolve(routes.request(input instanceof URL ? input.href : input, { ...init, headers }))
  }
  const askOnce = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    if (!answers || (init?.method ?? 'GET') !== 'GET') return ask(input, init)
    const address = input instanceof Request ? input.url : String(input)
    let answer = answers.get(address)
    if (!answer) {
      answer = ask(input, init).then(async (response) => {
        const type = response.headers.get('content-type') ?? ''
        const kept = { status: response.status, type, text: await response.text() }
        await setImmediate()
        return kept
      })
      answers.set(address, answer)
    }
    const { status, type, text } = await answer
    return new Response(text, { status, headers: { 'content-type': type } })
  }
  return hc<ApiRoutes>('http://candor.internal', { fetch: askOnce })
}
