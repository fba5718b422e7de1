import type nodemailer from 'nodemailer'
import { load } from '#api/lib/load.ts'
import { type Channel, DeliveryFailed, type Receipt } from '../channel.ts'
import { parseEmail } from './address.ts'
import { type FrozenMail, freezeMails, readMails, type Sender, splitMails } from './mail.ts'
import { mailExpiresAfterMs } from './resend.ts'
import { judgeSmtp, type SmtpError } from './smtp-errors.ts'

export interface SmtpSettings {
  host: string
  port: number
  /** TLS from the first byte (smtps); else it begins when the server offers it. */
  secure: boolean
  /** Nothing is said to a server that offers no TLS: it would read the password aloud. */
  requireTls: boolean
  login: { user: string; password: string } | null
  perSecond: number
}

/** Connections that are kept open, at the most. */
const connectionsMax = 5
const sendTimeoutMs = 15_000
const connectTimeoutMs = 8_000
/** Servers end idle connections after some minutes; ours end sooner, so that no mail meets one that just ended. */
const idleTimeoutMs = 20_000

/**
 * Mail through any SMTP server, one mail at a time. SMTP knows no key: when the line breaks after a mail was handed
 * over, nobody can say whether it was taken, so it is not sent again blindly.
 */
export function smtpChannel(settings: SmtpSettings & Sender, account?: string): Channel {
  const transport = load<typeof nodemailer>('nodemailer').createTransport({
    pool: true,
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    requireTLS: settings.requireTls,
    ...(settings.login ? { auth: { user: settings.login.user, pass: settings.login.password } } : {}),
    maxConnections: connectionsMax,
    // A mail whose connection ended is the ledger's to send again, never the pool's.
    maxRequeues: 0,
    idleTimeout: idleTimeoutMs,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: sendTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  /** The stream of each mail on its way: whether it was read is whether a byte was handed over. */
  const streams = new Map<string, { readableDidRead: boolean }>()
  transport.use('stream', (mail, done) => {
    const { message } = mail
    const open = message.createReadStream.bind(message)
    message.createReadStream = (options) => {
      const stream = open(options)
      streams.set(message.messageId(), stream)
      return stream
    }
    done()
  })

  async function hand(deliveryId: string, mail: FrozenMail): Promise<Receipt> {
    const messageId = messageIdOf(deliveryId, mail.from)
    try {
      await transport.sendMail({
        from: mail.from,
        to: mail.to,
        ...(mail.reply_to ? { replyTo: mail.reply_to } : {}),
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        headers: mail.headers,
        messageId,
        signal: AbortSignal.timeout(sendTimeoutMs),
      })
      return { deliveryId, state: 'sent', providerId: messageId }
    } catch (error) {
      const meant = judgeSmtp(deliveryId, error as SmtpError, streams.get(messageId)?.readableDidRead ?? false)
      if (meant instanceof DeliveryFailed) throw meant
      return meant
    } finally {
      streams.delete(messageId)
    }
  }

  return {
    name: 'email',
    provider: 'smtp',
    ...(account ? { account } : {}),
    offReason: null,
    confirmation: 'link',
    batchSizeMax: 1,
    perSecond: settings.perSecond,
    expiresAfterMs: mailExpiresAfterMs,
    sendTimeoutMs,
    idempotent: false,
    parse: parseEmail,
    freeze: (messages) => freezeMails(settings, messages),
    split: splitMails,
    close: () => transport.close(),
    async send(batch, heard) {
      // No server says how many mails it takes: the setting counts, also where another provider's pace was kept before.
      heard?.({ perSecond: settings.perSecond })
      const [mail, ...more] = readMails(batch.bytes)
      const [deliveryId] = batch.deliveryIds
      // One mail at a time, or a line that breaks between two of them could not be told row by row.
      if (!mail || !deliveryId || more.length)
        throw new DeliveryFailed('By SMTP mails go one at a time.', { permanent: true, separable: true })
      return [await hand(deliveryId, mail)]
    },
  }
}

/** The same at every attempt, so that a mailbox that was given a mail twice can tell. */
export function messageIdOf(deliveryId: string, from: string): string {
  const domain = /@([^@\s<>]+?)>?\s*$/.exec(from)?.[1] ?? 'localhost'
  return `<${deliveryId}@${domain}>`
}
