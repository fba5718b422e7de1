import { connect, type Socket } from 'node:net'

// Readers in a process of their own, each with one kept connection: it asks for the first page packed by Brotli, and by
// the tag it holds, as an open page does while something is wrong. Prints a line when all have read the page, and after
// each line of input what happened since the last, in JSON: waits in milliseconds, answers by status.

const [port = 0, readers = 0, everyMs = 15_000] = process.argv.slice(2).map(Number)
/** How many connect in one step, and the time between two steps. */
const [step, stepMs] = [50, 50]

let waits: number[] = []
let statuses: Record<string, number> = {}
const count = (status: string) => {
  statuses[status] = (statuses[status] ?? 0) + 1
}
let reading = 0

class Reader {
  #socket: Socket
  #tag = ''
  #askedAt = 0
  /** What is still to come of an answer's body; null while its head is. */
  #left: number | null = null
  #head = ''
  constructor() {
    this.#socket = connect(port, '127.0.0.1', () => this.#ask())
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (bytes) => this.#take(bytes))
    this.#socket.on('error', (error: NodeJS.ErrnoException) => count(error.code ?? error.message))
    this.#socket.on('close', () => count('closed'))
  }
  #ask() {
    this.#askedAt = performance.now()
    const held = this.#tag ? `If-None-Match: ${this.#tag}\r\n` : ''
    this.#socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: br\r\n${held}\r\n`)
  }
  #take(bytes: Buffer) {
    let body = bytes.length
    if (this.#left === null) {
      this.#head += bytes.toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end < 0) return
      body = this.#head.length - end - 4
      this.#left = Number(/^content-length: (\d+)/im.exec(this.#head.slice(0, end))?.[1] ?? 0)
    }
    this.#left -= body
    if (this.#left > 0) return
    const status = this.#head.slice(9, 12)
    const tag = /^etag: (.+)\r$/im.exec(this.#head)?.[1] ?? ''
    if (!this.#tag && ++reading === readers) console.log('reading')
    this.#tag = tag
    this.#head = ''
    this.#left = null
    count(status)
    waits.push(performance.now() - this.#askedAt)
    setTimeout(() => this.#ask(), everyMs * (0.8 + Math.random() * 0.4))
  }
}

let opened = 0
const opening = setInterval(() => {
  for (let i = 0; i < step && opened < readers; i++, opened++) new Reader()
  if (opened === readers) clearInterval(opening)
}, stepMs)

process.stdin.on('data', () => {
  console.log(JSON.stringify({ waits, statuses }))
  waits = []
  statuses = {}
})
process.stdin.on('end', () => process.exit(0))
