import { hc } from 'hono/client'
import type { ApiRoutes } from './routes.ts'

export type ApiClient = ReturnType<typeof hc<ApiRoutes>>

/** What is carried over from the outer request to calls made on its behalf. */
const carried = ['cookie', 'authorization', 'x-candor-client-ip', 'user-agent', 'accept-language']

/** The typed API without a network: the same routes, guards and checks that the outside meets, as whoever asks. */
export function clientFor(routes: ApiRoutes, asker: Record<string, string | string[] | undefined> = {}): ApiClient {
  const own: Record<string, string> = {}
  for (const name of carried) {
    const value = asker[name]
    if (typeof value === 'string') own[name] = value
  }
  return hc<ApiRoutes>('http://candor.internal', {
    fetch: (input: RequestInfo | URL, init?: RequestInit) => {
      const headers = new Headers(init?.headers)
      for (const [name, value] of Object.entries(own)) headers.set(name, value)
      return Promise.resolve(routes.request(input instanceof URL ? input.href : input, { ...init, headers }))
    },
  })
}
