import { expect, it } from 'vitest'
import type { Message } from '../channel.ts'
import { fits, orderOf, smsRequest } from './request.ts'

const service = { messagingServiceSid: `MG${'1'.repeat(32)}` }
const message: Message = {
  deliveryId: 'd',
  noticeId: 'n',
  address: '+8613800138000',
  locale: 'en',
  text: 'Orders fail since 20:02.',
  expiresAt: '2026-11-11T12:38:00.000Z',
  template: {
    id: 'failing/en',
    parameters: [
      { name: 'function', value: 'Orders' },
      { name: 'start', value: '20:02' },
    ],
  },
}
const made = (sids: [string, string][] = []) => smsRequest(message, 'https://x.example/', service, new Map(sids))

it('asks for what is left of the half hour at each attempt, from the same stored bytes', () => {
  const bytes = JSON.stringify(made())
  const at = (now: string) => orderOf(JSON.parse(bytes), now)?.validityPeriod
  expect(at('2026-11-11T12:08:00.000Z')).toBe(1_800)
  expect(at('2026-11-11T12:20:00.500Z')).toBe(1_079)
  expect(at('2026-11-11T12:37:55.000Z')).toBe(5)
  // A clock that was put back asks for no more than the half hour.
  expect(at('2026-11-10T12:08:00.000Z')).toBe(1_800)
})

it('makes no order of what is too old', () => {
  expect(orderOf(made(), '2026-11-11T12:37:56.000Z')).toBeNull()
  expect(orderOf(made(), '2026-11-11T13:00:00.000Z')).toBeNull()
})

it('sends a text where no template is agreed, and id and parameters without a text where one is', () => {
  expect(orderOf(made(), '2026-11-11T12:08:00.000Z')).toEqual({
    to: message.address,
    body: message.text,
    statusCallback: 'https://x.example/',
    validityPeriod: 1_800,
    ...service,
  })
  const sid = `HX${'a'.repeat(32)}`
  expect(orderOf(made([['failing/en', sid]]), '2026-11-11T12:08:00.000Z')).toEqual({
    to: message.address,
    statusCallback: 'https://x.example/',
    validityPeriod: 1_800,
    ...service,
    contentSid: sid,
    contentVariables: '{"1":"Orders","2":"20:02"}',
  })
})

const listed = {
  to: message.address,
  body: message.text,
  direction: 'outbound-api',
  from: null,
  ...service,
  dateCreated: new Date('2026-11-11T12:08:01.000Z'),
}
const since = '2026-11-11T12:08:00.000Z'

it('knows its own message in a list by number, words, sender and time', () => {
  expect(fits(made(), listed, since)).toBe(true)
  // Twilio writes whole seconds by a clock of its own.
  expect(fits(made(), { ...listed, dateCreated: new Date('2026-11-11T12:07:30.000Z') }, since)).toBe(true)
  for (const other of [
    { to: '+8613800138001' },
    { body: 'Orders fail since 20:03.' },
    { messagingServiceSid: null },
    { direction: 'inbound' },
    { dateCreated: new Date('2026-11-11T12:06:00.000Z') },
  ])
    expect([other, fits(made(), { ...listed, ...other }, since)]).toEqual([other, false])
  const fromNumber = smsRequest(message, '', { from: '+15550100000' }, new Map())
  expect(fits(fromNumber, listed, since)).toBe(false)
  expect(fits(fromNumber, { ...listed, from: '+15550100000' }, since)).toBe(true)
})

it('knows a message made of a template by its parameters, whatever sentence is agreed', () => {
  const request = made([['failing/en', `HX${'a'.repeat(32)}`]])
  expect(fits(request, { ...listed, body: 'Since 20:02: Orders are down.' }, since)).toBe(true)
  expect(fits(request, { ...listed, body: 'Since 20:03: Orders are down.' }, since)).toBe(false)
})
