import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import { type ReadMail, readMail } from './mime.ts'
import type { Faults } from './server.ts'

/** One mail that the server took, with the one address it was for. */
export interface SmtpMail extends ReadMail {
  envelopeFrom: string
  to: string
}

export interface WireSmtp {
  /** "smtp://status:secret@127.0.0.1:41234": user and password that it takes. */
  url: string
  user: string
  password: string
  mails: SmtpMail[]
  mailTo(address: string): SmtpMail[]
  /** How many connections were made. */
  connections(): number
  /** How many of them are open. */
  open(): number
  /** How many mails were begun, those that were made to fail too. */
  requests(): number
  /** This address is refused like this, at RCPT TO, from now on. */
  refuse(address: string, status: number, words: string): void
  /** The sender is refused like this, from now on; null takes it again. */
  refuseSender(refusal: { status: number; words: string } | null): void
  /** No password is right from now on, or the right one again. */
  lockOut(on: boolean): void
  /** The next `count` mails fail like this. */
  failNext(count: number, fault: SmtpFault): void
  heal(): void
  close(): Promise<void>
}

/**
 * A fault by its name, or a refusal after the whole mail was read. In the words of SMTP: "429" is 421 at RCPT TO, "500"
 * is 451 after the mail, "reset" breaks the line before the mail, "reset-after" after it was taken, "hang" never answers
 * the mail and does not take it, "cut" takes it and breaks the line in the middle of the answer.
 */
type SmtpFault = NonNullable<ReturnType<Faults>> | { status: number; words: string }

/** A mail server on the loopback that wants a password, keeps what it takes and fails when it is told to. `faults` is asked once a mail; its key is the address. */
export async function openSmtp({ faults }: { faults?: Faults } = {}): Promise<WireSmtp> {
  const user = 'status'
  const password = 's3cret/with:@'
  const mails: SmtpMail[] = []
  const failures: SmtpFault[] = []
  const refused = new Map<string, { status: number; words: string }>()
  /** What goes wrong with the mail that a connection is handing over. */
  const going = new Map<string, SmtpFault | null>()
  let refusedSender: { status: number; words: string } | null = null
  let lockedOut = false
  let connections = 0
  let requests = 0
  const refusal = ({ status, words }: { status: number; words: string }) =>
    Object.assign(new Error(words), { responseCode: status })
  const dropLine = ({ id }: SMTPServerSession, farewell?: string) => {
    for (const connection of server.connections) {
      if (connection.id !== id) continue
      const { _socket: socket } = connection
      if (farewell) socket.write(farewell)
      socket.destroy()
    }
  }

  const server = new SMTPServer({
    logger: false,
    // Without TLS, as a relay on the same machine; the certificate of a test would have to be trusted by the program.
    hideSTARTTLS: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    authMethods: ['PLAIN', 'LOGIN'],
    onConnect(_session, done) {
      connections++
      done()
    },
    onAuth(auth, _session, done) {
      if (!lockedOut && auth.username === user && auth.password === password) return done(null, { user })
      done(refusal({ status: 535, words: '5.7.8 Authentication credentials invalid' }))
    },
    onMailFrom(_address, _session, done) {
      done(refusedSender ? refusal(refusedSender) : null)
    },
    onRcptTo({ address }, session, done) {
      requests++
      const no = refused.get(address)
      if (no) return done(refusal(no))
      const fault = failures.shift() ?? faults?.({ n: requests, key: address }) ?? null
      if (fault === 'reset') return dropLine(session)
      if (fault === '429') return done(refusal({ status: 421, words: '4.7.0 Too many messages, slow down' }))
      going.set(session.id, fault)
      done()
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const fault = going.get(session.id) ?? null
        going.delete(session.id)
        if (fault === '500') return done(refusal({ status: 451, words: '4.3.0 Local error in processing' }))
        if (typeof fault === 'object' && fault) return done(refusal(fault))
        if (fault === 'hang') return
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          ...readMail(Buffer.concat(chunks).toString('utf8')),
          envelopeFrom: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address).join(','),
        })
        if (fault === 'reset-after') return dropLine(session)
        if (fault === 'cut') return dropLine(session, '25')
        done(null, `2.0.0 Ok: queued as ${mails.length}`)
      })
    },
    onClose({ id }) {
      going.delete(id)
    },
  })
  // A line that was broken on purpose is no error of the server.
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    user,
    password,
    mails,
    mailTo: (address) => mails.filter(({ to }) => to === address),
    connections: () => connections,
    open: () => server.connections.size,
    requests: () => requests,
    refuse: (address, status, words) => void refused.set(address, { status, words }),
    refuseSender(no) {
      refusedSender = no
    },
    lockOut(on) {
      lockedOut = on
      if (on) for (const connection of server.connections) connection._socket.destroy()
    },
    failNext(count, fault) {
      for (let i = 0; i < count; i++) failures.push(fault)
    },
    heal() {
      failures.length = 0
      refused.clear()
      refusedSender = null
      lockedOut = false
    },
    close: () =>
      new Promise((resolve) => {
        for (const connection of server.connections) connection._socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** The settings with which the program finds this server; none of Resend. */
export const smtpEnv = (wire: WireSmtp): Record<string, string> => ({
  SMTP_URL: `${wire.url}?perSecond=1000`,
  EMAIL_FROM: 'Hezhou status <status@hezhou.example>',
})
