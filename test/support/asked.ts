import { createToken } from '#api/accounts/actions.ts'
import type { Role } from '#api/accounts/permissions.ts'
import type { App } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { openRoutes } from '#api/routes.ts'

/** Asks the whole API, its door included, as a program with a token of this role. Bytes go as they are, everything else as JSON. */
export async function askAs(app: App, role: Role) {
  const routes = openRoutes(app)
  const { token } = await createToken(app, system, { name: role, role })
  return async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const raw = body instanceof Uint8Array || body instanceof ReadableStream
    const answer = await routes.request(`/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': raw ? 'text/csv' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw || typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    } as RequestInit)
    // Kept as it came: text() would take the mark for UTF-8 away.
    const text = Buffer.from(await answer.arrayBuffer()).toString()
    const json = /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : null
    return { status: answer.status, headers: answer.headers, text, json }
  }
}
