import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { type BillingConfig, readBilling } from './config-billing.ts'
import { type MirrorConfig, readMirror } from './config-mirrors.ts'
import { readSms, type SmsConfig } from './config-sms.ts'
import { readSmtpUrl, type SmtpConfig } from './config-smtp.ts'
import type { LogLevel } from './lib/log.ts'

export interface Config {
  mode: 'production' | 'demo' | 'test'
  publicUrl: string
  host: string
  port: number
  dataDir: string
  databaseUrl: string
  /** The first signs, all verify. */
  secretKeys: string[]
  trustedProxies: string[]
  /** Webhooks may go to http and to this machine's own network (OUTGOING_LOCAL=yes); never in production. */
  outgoingLocal: boolean
  logLevel: LogLevel
  /** Where copies of the published folder are kept. */
  mirrors: MirrorConfig[]
  /** Where a program under test kills itself (CRASH_AT); null in production, always. */
  crashAt: string | null
  email: {
    from: string
    replyTo: string | null
    /** `requestsPerSecond` null: as many as its answers allow. */
    resend: {
      apiKey: string
      baseUrl: string | null
      requestsPerSecond: number | null
      webhookSecrets: string[]
    } | null
    /** Alone, or what takes over while Resend takes no mail. */
    smtp: SmtpConfig | null
  }
  sms: SmsConfig
  /** Where billing hears what was given to customers; null when it reads files. */
  billing: BillingConfig | null
}

type Env = Record<string, string | undefined>

const list = (text: string | undefined) =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
const logLevels = ['debug', 'info', 'warn', 'error', 'silent']
const secretLengthMin = 32
const distinctCharactersMin = 8
const senderShape = /^(?:[^<>\r\n]*<[^<>\s@]+@[^<>\s@]+>|[^<>\s@]+@[^<>\s@]+)$/

/**
 * Reads the environment once. In production it refuses unsafe settings with every mistake in one list;
 * the demonstration and tests need none of them and get harmless values.
 */
export function readConfig(env: Env, mode: Config['mode']): Config {
  const mistakes: string[] = []
  const strict = mode === 'production'
  const number = (name: string, fallback: number, least: number, most: number) => {
    const value = env[name] === undefined || env[name] === '' ? fallback : Number(env[name])
    if (!Number.isFinite(value) || value < least || value > most)
      mistakes.push(`${name} must be a number from ${least} to ${most}, not "${env[name]}".`)
    return value
  }
  const host = env.HOST || '127.0.0.1'
  const port = number('PORT', 4321, 0, 65_535)
  const dataDir = resolve(env.DATA_DIR || './data')

  const publicUrl = (env.PUBLIC_URL || (strict ? '' : `http://127.0.0.1:${port}`)).replace(/\/+$/, '')
  if (!URL.canParse(publicUrl))
    mistakes.push('PUBLIC_URL must be the address customers type, such as https://status.example.com.')
  else if (new URL(publicUrl).pathname !== '/')
    mistakes.push('PUBLIC_URL must have no path: the page lives at the root of its own name.')
  else if (strict && !publicUrl.startsWith('https://'))
    mistakes.push('PUBLIC_URL must begin with https://: cookies, links in mails and callbacks depend on it.')

  const databaseUrl = env.DATABASE_URL || `file:${dataDir}/candor.db`
  if (!/^(file:|postgres(ql)?:\/\/)/.test(databaseUrl))
    mistakes.push('DATABASE_URL must begin with file: or postgres://.')

  const secretKeys = list(env.SECRET_KEY)
  if (strict && !secretKeys.length)
    mistakes.push(`SECRET_KEY is missing: give ${secretLengthMin} or more random characters (openssl rand -base64 32).`)
  if (secretKeys.some((key) => key.length < secretLengthMin))
    mistakes.push(`SECRET_KEY is too short: each key needs ${secretLengthMin} characters or more.`)

  if (secretKeys.some((key) => new Set(key).size < distinctCharactersMin))
    mistakes.push('SECRET_KEY is no random text: make one with openssl rand -base64 32.')

  const logLevel = env.LOG_LEVEL || 'info'
  if (!logLevels.includes(logLevel)) mistakes.push(`LOG_LEVEL must be one of ${logLevels.join(', ')}.`)

  const from = env.EMAIL_FROM || (strict ? '' : 'Status <status@status.example>')
  if ((env.RESEND_API_KEY || env.SMTP_URL) && !from)
    mistakes.push('EMAIL_FROM is missing: the sender of every mail, such as Example Status <status@example.com>.')
  if (strict && !from)
    mistakes.push('EMAIL_FROM is missing: the sender of every mail, such as Example Status <status@example.com>.')
  if (from && !senderShape.test(from))
    mistakes.push(
      `EMAIL_FROM must be an address, or a name and an address such as Example Status <status@example.com>, not "${from}".`,
    )

  const sms = readSms(env, mistakes, number)
  const outgoingLocal = !strict && env.OUTGOING_LOCAL === 'yes'
  const billing = readBilling(env, mistakes, { local: outgoingLocal })
  const requestsPerSecond = env.RESEND_REQUESTS_PER_SECOND ? number('RESEND_REQUESTS_PER_SECOND', 2, 0.1, 1_000) : null
  const smtp = env.SMTP_URL ? readSmtpUrl(env.SMTP_URL) : null
  if (typeof smtp === 'string') mistakes.push(smtp)
  const trustedProxies = list(env.TRUSTED_PROXIES)
  for (const proxy of trustedProxies)
    if (!isNetwork(proxy))
      mistakes.push(`TRUSTED_PROXIES holds addresses or networks such as 10.0.0.0/8, not "${proxy}".`)

  if (strict && env.OUTGOING_LOCAL)
    mistakes.push('OUTGOING_LOCAL lets webhooks into the network this runs in: it is for tests and development only.')

  const mirrors = list(env.PUBLISH_MIRRORS).map((mirror) => readMirror(mirror, resolve(dataDir, 'published')))
  for (const mirror of mirrors) if (typeof mirror === 'string') mistakes.push(mirror)

  const config: Config = {
    mode,
    publicUrl,
    host,
    port,
    dataDir,
    databaseUrl,
    secretKeys: secretKeys.length ? secretKeys : ['demonstration-only-key-that-protects-nothing'],
    trustedProxies,
    outgoingLocal,
    logLevel: logLevel as LogLevel,
    mirrors: mirrors.filter((mirror) => typeof mirror !== 'string'),
    crashAt: strict ? null : env.CRASH_AT || null,
    email: {
      from,
      replyTo: env.EMAIL_REPLY_TO || null,
      resend: env.RESEND_API_KEY
        ? {
            apiKey: env.RESEND_API_KEY,
            baseUrl: env.RESEND_BASE_URL || null,
            requestsPerSecond,
            webhookSecrets: list(env.RESEND_WEBHOOK_SECRET),
          }
        : null,
      smtp: typeof smtp === 'string' ? null : smtp,
    },
    sms,
    billing,
  }
  if (mistakes.length) throw new ConfigError([...new Set(mistakes)])
  return config
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  return (
    family !== 0 &&
    !rest.length &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32)))
  )
}

/** Every mistake in the settings at once, so that nobody fixes them one start at a time. */
export class ConfigError extends Error {
  readonly mistakes: string[]
  constructor(mistakes: string[]) {
    super(`These settings need your attention:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`)
    this.name = 'ConfigError'
    this.mistakes = mistakes
  }
}

/** The machine's environment for a program that this one starts, with a few settings of its own. */
export const childEnvironment = (more: Record<string, string>): NodeJS.ProcessEnv => ({ ...process.env, ...more })
