import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

/** How the next requests fail: with a status, without an answer, after the work was done, or never ending. */
export type Failure =
  | number
  | { status: number; body: unknown; headers?: Record<string, string> }
  | 'reset'
  | 'reset-after-accept'
  | 'hang'

export interface WireServer {
  /** "http://127.0.0.1:41234" */
  url: string
  /** The next `count` requests fail like this. */
  failNext(count: number, failure: Failure): void
  /** From now on nothing fails. */
  heal(): void
  /** How many requests came, those that were made to fail too. */
  requests(): number
  /** Every request takes this long, in milliseconds. */
  slow(ms: number): void
  close(): Promise<void>
}

export interface Answer {
  status: number
  body: unknown
  headers?: Record<string, string>
}

/** A server on the loopback that answers like a provider, and fails when it is told to. */
export async function openWire(
  answer: (req: IncomingMessage, body: string) => Answer,
  failureBody: (status: number) => unknown,
): Promise<WireServer> {
  const failures: Failure[] = []
  let delayMs = 0
  let requests = 0
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    requests++
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString('utf8')
    const failure = failures.shift()
    if (delayMs) await wait(delayMs)
    if (failure === 'hang') return
    if (failure === 'reset') return void req.socket.destroy()
    if (failure !== undefined && failure !== 'reset-after-accept') {
      const said = typeof failure === 'number' ? { status: failure, body: failureBody(failure) } : failure
      return send(res, said)
    }
    const said = answer(req, body)
    if (failure === 'reset-after-accept') return void req.socket.destroy()
    send(res, said)
  }
  const server = createServer((req, res) => {
    handle(req, res).catch((error: Error) => send(res, { status: 500, body: { message: error.message } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    failNext(count, failure) {
      for (let i = 0; i < count; i++) failures.push(failure)
    },
    heal() {
      failures.length = 0
    },
    requests: () => requests,
    slow(ms) {
      delayMs = ms
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function send(res: ServerResponse, { status, body, headers }: Answer): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers })
  res.end(JSON.stringify(body))
}
