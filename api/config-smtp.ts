/** Where mails are handed over by SMTP, as SMTP_URL says it. */
export interface SmtpConfig {
  host: string
  port: number
  /** TLS from the first byte (smtps); else it begins when the server offers it. */
  secure: boolean
  /** Set when a password goes over a network: then nothing is said to a server that offers no TLS. */
  requireTls: boolean
  login: { user: string; password: string } | null
  /** Mails a second, at the most. */
  perSecond: number
}

/** What most mail servers take from one customer without asking for a slower pace. */
const perSecondUnlessSaid = 10
const example = 'SMTP_URL must look like smtps://user:password@mail.example.com:465 or smtp://mail.example.com:587'
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * Reads smtp://user:password@host:port?perSecond=10 (TLS when offered, demanded when there is a password) or smtps://
 * (TLS from the start). A string is what is wrong with it, as a sentence that does not repeat the password.
 */
export function readSmtpUrl(text: string): SmtpConfig | string {
  if (!URL.canParse(text)) return `${example}: this is no address. Write @ : / and % in a password as %40 %3A %2F %25.`
  const url = new URL(text)
  const secure = url.protocol === 'smtps:'
  if (!secure && url.protocol !== 'smtp:') return `${example}, not ${url.protocol}//…`
  if (!url.hostname) return `${example}: the name of the server is missing.`
  if (url.pathname.length > 1 || url.hash) return `${example}: nothing stands behind the port but ?perSecond=10.`
  if (Boolean(url.username) !== Boolean(url.password))
    return `${example}: a user needs a password, and a password needs a user.`
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'perSecond')
  if (unknown !== undefined) return `${example}: "${unknown}" is no setting of it; perSecond is.`
  const perSecond = Number(url.searchParams.get('perSecond') ?? perSecondUnlessSaid)
  if (!(perSecond >= 0.1 && perSecond <= 1_000)) return 'SMTP_URL: perSecond must be a number from 0.1 to 1000.'
  try {
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port ? Number(url.port) : secure ? 465 : 587,
      secure,
      requireTls: !secure && url.username !== '' && !loopback.test(url.hostname),
      login: url.username
        ? { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
        : null,
      perSecond,
    }
  } catch {
    return `${example}: a % in it must be written as %25.`
  }
}
