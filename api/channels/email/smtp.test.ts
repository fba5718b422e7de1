import { expect, it } from 'vitest'
import { readSmtpUrl } from '#api/config-smtp.ts'
import { DeliveryFailed } from '../channel.ts'
import { messageIdOf } from './smtp.ts'
import { judgeSmtp, type SmtpError } from './smtp-errors.ts'

function fate(error: Omit<SmtpError, 'message'>, begun = false): string {
  const meant = judgeSmtp('d', { message: 'It failed.', ...error }, begun)
  if (!(meant instanceof DeliveryFailed)) {
    if (meant.state === 'sent') return 'sent'
    return meant.closesAddress ? 'closes the address' : 'fails the row'
  }
  if (meant.stopsChannel) return 'stops the channel'
  if (meant.outcomeUnknown) return 'unknown'
  return meant.retryAfterSeconds === undefined ? 'again' : 'everything waits'
}

it.each<[string, Omit<SmtpError, 'message'>, boolean]>([
  ['again', { code: 'ECONNECTION' }, false],
  ['again', { code: 'ESOCKET' }, false],
  ['again', { code: 'EDNS' }, false],
  ['again', { code: 'ETIMEDOUT' }, false],
  ['again', { code: 'EABORT' }, false],
  ['unknown', { code: 'ECONNECTION' }, true],
  ['unknown', { code: 'ETIMEDOUT' }, true],
  ['unknown', { code: 'EABORT' }, true],
  ['stops the channel', { code: 'ENOAUTH' }, false],
  ['stops the channel', { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 }, false],
  ['again', { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 454 }, false],
  ['stops the channel', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 530 }, false],
  ['stops the channel', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 550 }, false],
  ['again', { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 451 }, false],
  ['closes the address', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550, response: '550 5.1.1 No' }, false],
  ['closes the address', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 556, response: '556 5.1.10' }, false],
  ['fails the row', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550, response: '550 5.7.1 No' }, false],
  ['fails the row', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 552, response: '552 5.2.2 Full' }, false],
  ['again', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 450, response: '450 4.2.0 Greylisted' }, false],
  ['everything waits', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 421, response: '421 4.7.0' }, false],
  ['everything waits', { code: 'EMESSAGE', command: 'DATA', responseCode: 454, response: '454 Throttling' }, true],
  ['fails the row', { code: 'EMESSAGE', command: 'DATA', responseCode: 554, response: '554 5.1.1 in a text' }, true],
  ['again', { code: 'EMESSAGE', command: 'DATA', responseCode: 451, response: '451 4.3.0 Later' }, true],
  ['again', { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 503, response: '503 5.5.1 Sequence' }, false],
])('%s: %j, begun %s', (what, error, begun) => {
  expect(fate(error, begun)).toBe(what)
})

it('an id names the delivery and the sender’s domain', () => {
  expect(messageIdOf('abc123', 'Status <status@notify.hezhou.example>')).toBe('<abc123@notify.hezhou.example>')
  expect(messageIdOf('abc123', 'status@hezhou.example')).toBe('<abc123@hezhou.example>')
})

it('reads the address of a mail server', () => {
  expect(readSmtpUrl('smtps://me%40x.example:p%3Aq@mail.example.com')).toEqual({
    host: 'mail.example.com',
    port: 465,
    secure: true,
    requireTls: false,
    login: { user: 'me@x.example', password: 'p:q' },
    perSecond: 10,
  })
  expect(readSmtpUrl('smtp://me:secret@mail.example.com?perSecond=14')).toMatchObject({
    port: 587,
    secure: false,
    requireTls: true,
    perSecond: 14,
  })
  expect(readSmtpUrl('smtp://127.0.0.1:2525')).toMatchObject({ port: 2525, requireTls: false, login: null })
  expect(readSmtpUrl('smtp://[::1]:25')).toMatchObject({ host: '::1' })
})

it.each([
  'mail.example.com',
  'https://mail.example.com',
  'smtp://',
  'smtp://me@mail.example.com',
  'smtp://me:pa#ss@mail.example.com',
  'smtp://mail.example.com/inbox',
  'smtp://mail.example.com?pool=true',
  'smtp://mail.example.com?perSecond=often',
  'smtp://me:100%sure@mail.example.com',
])('%s is refused with a sentence that keeps the password to itself', (text) => {
  const said = readSmtpUrl(text)
  expect(said).toMatch(/^SMTP_URL/)
  expect(said).not.toMatch(/pa#ss|sure/)
})
