import { expect, it } from 'vitest'
import { mayLift } from './suppression.ts'

it('a bounce can be mended, a complaint lifted, and STOP belongs to whoever said it', () => {
  expect(mayLift({ reason: 'bounced: Permanent/General', source: 'resend' })).toBe('reopen')
  expect(mayLift({ reason: 'twilio 30005: nobody has this number', source: 'twilio' })).toBe('reopen')
  expect(mayLift({ reason: 'marked as spam', source: 'resend' })).toBe('lift')
  expect(mayLift({ reason: 'suppressed: complaint', source: 'resend' })).toBe('lift')
  expect(mayLift({ reason: 'stop', source: 'subscriber' })).toBe(null)
  expect(mayLift({ reason: 'twilio 21610: whoever has this number answered STOP', source: 'twilio' })).toBe(null)
})
