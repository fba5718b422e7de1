import { expect, it } from 'vitest'
import { type ConfigError, readConfig } from './config.ts'

const right = {
  PUBLIC_URL: 'https://status.example.com',
  SECRET_KEY: 'kX2vN8qLr5TzYb1WcE7uJm4PdHs9GfAo0iRe',
  EMAIL_FROM: 'Example Status <status@example.com>',
}
const mistakesOf = (env: Record<string, string>) => {
  try {
    readConfig(env, 'production')
    return []
  } catch (error) {
    return (error as ConfigError).mistakes
  }
}

it('takes settings that are right, and every mistake is named at once', () => {
  expect(mistakesOf(right)).toEqual([])
  const wrong = mistakesOf({
    PUBLIC_URL: 'http://status.example.com/page',
    SECRET_KEY: 'short',
    EMAIL_FROM: 'nonsense',
    DATABASE_URL: 'mysql://x',
    PORT: 'x',
    TRUSTED_PROXIES: '10.0.0.0/40, banana',
    TWILIO_SEGMENTS_PER_SECOND: 'abc',
    TWILIO_ACCOUNT_SID: 'AC1',
    LOG_LEVEL: 'loud',
  })
  for (const name of [
    'PUBLIC_URL',
    'SECRET_KEY',
    'EMAIL_FROM',
    'DATABASE_URL',
    'PORT',
    '10.0.0.0/40',
    'banana',
    'TWILIO_SEGMENTS',
    'TWILIO_AUTH_TOKEN',
    'LOG_LEVEL',
  ])
    expect(wrong.join('\n')).toContain(name)
})

it.each([
  ['PUBLIC_URL', 'http://status.example.com'],
  ['SECRET_KEY', 'a'.repeat(40)],
  ['EMAIL_FROM', 'Two\nlines <a@b.example>'],
])('refuses %s=%s in production', (name, value) => {
  expect(mistakesOf({ ...right, [name]: value })).toHaveLength(1)
})

it('a mail server alone is a provider of mail, and a mistake in its address is named without the password', () => {
  const { email } = readConfig({ ...right, SMTP_URL: 'smtps://me:secret@mail.example.com' }, 'production')
  expect(email.resend).toBeNull()
  expect(email.smtp).toMatchObject({ host: 'mail.example.com', port: 465, secure: true })
  const wrong = mistakesOf({ ...right, SMTP_URL: 'smtp://me:sec:ret@mail.example.com:99999' })
  expect(wrong).toHaveLength(1)
  expect(wrong[0]).toMatch(/^SMTP_URL must look like smtps:/)
  expect(wrong[0]).not.toContain('ret@')
})

it('the first key signs and all verify; networks may be proxies', () => {
  const config = readConfig(
    { ...right, SECRET_KEY: `${right.SECRET_KEY}, ${right.SECRET_KEY}9`, TRUSTED_PROXIES: '10.0.0.0/8,::1' },
    'production',
  )
  expect(config.secretKeys).toEqual([right.SECRET_KEY, `${right.SECRET_KEY}9`])
  expect(config.trustedProxies).toEqual(['10.0.0.0/8', '::1'])
})
