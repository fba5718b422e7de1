import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

/** How the next requests fail: with a status, without an answer, after the work was done, or never ending. */
export type Failure =
  | number
  | { status: number; body: unknown; headers?: Record<string, string> }
  | 'reset'
  | 'reset-after-accept'
  | 'hang'
  | 'cut'

/**
 * What a script makes of a request: refused with a status, the line broken before or after the work was done, no answer
 * at all, or the work done and half of the answer.
 */
export type Fault = '429' | '500' | 'reset' | 'reset-after' | 'hang' | 'cut'

/** Decides for each request whether it goes wrong: its number counts from one, its key is what makes it the same request again. */
export type Faults = (request: { n: number; key: string }) => Fault | null

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

export interface WireOptions {
  /** Asked for each request that `failNext` leaves alone. */
  faults?: Faults | undefined
  /** What a server answers that is told to fail with a status, where it says failure in another way. */
  failureStatus?: number
  /** What makes a request the same as one before; empty when left out. */
  keyOf?: (req: IncomingMessage, body: string) => string
  /** Asked before the work is begun: an answer turns the request away, null lets it in. */
  enter?: (req: IncomingMessage, body: string) => Answer | null
  /** Told when a request that was let in has been answered or its caller has gone. */
  leave?: (req: IncomingMessage) => void
}

const failureOf: Record<Fault, Failure> = {
  429: 429,
  500: 500,
  reset: 'reset',
  'reset-after': 'reset-after-accept',
  hang: 'hang',
  cut: 'cut',
}

/** A server on the loopback that answers like a provider, and fails when it is told to. */
export async function openWire(
  answer: (req: IncomingMessage, body: string) => Answer,
  failureBody: (status: number) => unknown,
  options: WireOptions = {},
): Promise<WireServer> {
  const failures: Failure[] = []
  let delayMs = 0
  let requests = 0
  function scripted(req: IncomingMessage, body: string, n: number): Failure | undefined {
    const fault = options.faults?.({ n, key: options.keyOf?.(req, body) ?? '' })
    return fault ? failureOf[fault] : undefined
  }
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const n = ++requests
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString('utf8')
    const failure = failures.shift() ?? scripted(req, body, n)
    const refused = options.enter?.(req, body)
    if (refused) return send(res, refused)
    try {
      if (delayMs) await wait(delayMs)
      if (failure === 'hang') return await gone(res)
      if (failure === 'reset') return void req.socket.destroy()
      const afterwards = failure === 'reset-after-accept' || failure === 'cut'
      if (failure !== undefined && !afterwards)
        return send(
          res,
          typeof failure === 'number'
            ? { status: options.failureStatus ?? failure, body: failureBody(failure) }
            : failure,
        )
      const said = answer(req, body)
      if (failure === 'reset-after-accept') return void req.socket.destroy()
      if (failure === 'cut') return cut(res, said)
      send(res, said)
    } finally {
      options.leave?.(req)
    }
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
  res.end(inWords(body, headers))
}

/** Most answers are JSON; one that says it is text is sent as it is. */
const inWords = (body: unknown, headers: Answer['headers']): string =>
  headers?.['content-type']?.startsWith('text/') ? String(body) : JSON.stringify(body)

/** A whole HTTP answer whose JSON ends in the middle. */
function cut(res: ServerResponse, { status, body, headers }: Answer): void {
  const text = inWords(body, headers)
  res.writeHead(status, { 'content-type': 'application/json', ...headers })
  res.end(text.slice(0, Math.floor(text.length / 2)))
}

/** Resolves when whoever asked has gone: killed before the answer's turn came, or tired of waiting. */
const gone = async (res: ServerResponse): Promise<void> => {
  if (!res.closed) await once(res, 'close')
}
