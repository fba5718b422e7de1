import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

// A certificate for localhost that nobody trusts and that protects nothing, made for these tests; it ends in 2126.
const cert = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUB7a/qdThw60pST9xdDUuqXN1Z2gwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAyMDEzM1oYDzIxMjYxMDMw
MDIwMTMzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS7smsnQQd7LWtqVCqI+MGUydNRSdkSbqfCREJB3yHaczrB+JY5CW5z
tkpIasz0WHs+0fsbYGWWgxtsfyLaT4Yio28wbTAdBgNVHQ4EFgQUQJy1pdYrp77L
bqIzEL8kN1pEO/YwHwYDVR0jBBgwFoAUQJy1pdYrp77LbqIzEL8kN1pEO/YwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAIwUowgiUz99CdHQ4/vd9EfcTUkeRt619owjBOuDIZvfAiEA
7NevVZRzyWvZ3ADswg/5rXjZiZEjcO0Fw+tw4lAIWik=
-----END CERTIFICATE-----`
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgY3jMh2qSLwVPd0st
3wNsVDBdAgBIrII/8CCsZbERiu+hRANCAAS7smsnQQd7LWtqVCqI+MGUydNRSdkS
bqfCREJB3yHaczrB+JY5CW5ztkpIasz0WHs+0fsbYGWWgxtsfyLaT4Yi
-----END PRIVATE KEY-----`

/**
 * A proxy that ends TLS in front of the program, as a company's own does: the program behind it is spoken to in plain
 * HTTP at its own port and hears the outer name in Host. `port` must be free; PUBLIC_URL is https://localhost:<port>.
 */
export async function startTlsProxy(port: number, target: () => string) {
  const pass = (req: IncomingMessage, res: ServerResponse) => {
    const { hostname, port: to } = new URL(target())
    const headers = { ...req.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.20' }
    const inner = request({ hostname, port: to, method: req.method, path: req.url, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(res)
    })
    inner.on('error', () => res.writeHead(502).end())
    req.pipe(inner)
  }
  const server = createServer({ cert, key }, pass)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
