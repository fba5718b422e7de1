import { DeliveryFailed, type Receipt } from '../channel.ts'

/** The parts of nodemailer's error that say where a mail came to a halt. */
export interface SmtpError {
  code?: string | undefined
  /** The command that was answered with a refusal. */
  command?: string | undefined
  responseCode?: number | undefined
  response?: string | undefined
  message: string
}

/** RFC 3463: this mailbox does not exist, or its domain takes no mail at all. */
const nobodyThere = /\b5\.1\.(1|10)\b/
/** RFC 3463 and the names in use: the server as a whole asks for a slower pace, not this mailbox. */
const slower = /\b4\.(3\.2|7\.0|4\.5)\b|throttl|rate|too many/i
/** How long everything waits after a server asked for a slower pace: RFC 5321 names no header for it. */
const slowerWaitSeconds = 30

/**
 * What a failed hand-over means: a receipt when the mail was refused for good, else DeliveryFailed. `begun` says whether
 * a byte of the mail was handed over: a line that breaks afterwards leaves open whether it was taken. RFC 5321, 4.2.
 */
export function judgeSmtp(deliveryId: string, error: SmtpError, begun: boolean): Receipt | DeliveryFailed {
  const { code, command = '', responseCode: status } = error
  const reason = sentenceOf(error)
  if (status === undefined) {
    if (begun)
      return new DeliveryFailed('The connection broke after the mail was handed over: it may have arrived.', {
        outcomeUnknown: true,
        unanswered: true,
      })
    if (code === 'EAUTH' || code === 'ENOAUTH' || code === 'ECONFIG')
      return new DeliveryFailed(reason, { stopsChannel: true })
    const closed = code === 'ECONNECTION'
    return new DeliveryFailed(closed ? 'smtp: the server ended the connection before it took the mail' : reason, {
      unanswered: true,
    })
  }
  if (code === 'EAUTH' || command.startsWith('AUTH') || status === 530 || status === 535)
    // RFC 4954: 4xx is a server that cannot check the password just now.
    return status < 500 ? new DeliveryFailed(reason) : new DeliveryFailed(reason, { stopsChannel: true })
  // 503 is a session out of step, not a refusal of this mail: on a new connection it goes.
  if (status < 500 || status === 503)
    return new DeliveryFailed(
      reason,
      status === 421 || slower.test(reason) ? { retryAfterSeconds: slowerWaitSeconds } : {},
    )
  // Every mail has the same sender: one that is refused is refused for all.
  if (command === 'MAIL FROM' || code === 'ECONNECTION' || code === 'EPROTOCOL')
    return new DeliveryFailed(reason, { stopsChannel: true })
  return { deliveryId, state: 'failed', reason, closesAddress: command === 'RCPT TO' && nobodyThere.test(reason) }
}

/** The server's own words on one line. */
const sentenceOf = ({ response, message, code }: SmtpError): string =>
  `smtp ${code ?? 'error'}: ${response ?? message}`.replace(/\s+/g, ' ').slice(0, 300)
