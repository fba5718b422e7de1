import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Channel, DeliveryFailed, type FrozenBatch, type Message } from '#api/channels/channel.ts'
import { openChannels } from '#api/channels/index.ts'
import { listLetters } from '#api/channels/letterbox/read.ts'
import { readConfig } from '#api/config.ts'
import { realClock } from '#api/lib/clock.ts'
import { newId } from '#api/lib/ids.ts'
import { openResend, resendEnv } from './wire/resend.ts'
import { openTwilio, twilioEnv } from './wire/twilio.ts'

// One suite over every channel and every provider: what the fan-out relies on, whoever carries the message.

const box = mkdtempSync(join(tmpdir(), 'candor-letterbox-'))
const resend = await openResend()
const twilio = await openTwilio()
afterAll(async () => {
  await Promise.all([resend.close(), twilio.close()])
  rmSync(box, { recursive: true, force: true })
})

const env = { PUBLIC_URL: 'https://status.hezhou.example' }
const open = (more: Record<string, string>, dir = box) =>
  openChannels(readConfig({ ...env, ...more }, 'test'), realClock, dir, ['CN', 'SG'])
const wired = open({ ...resendEnv(resend), ...twilioEnv(twilio) })
const kept = open({})

interface Case {
  channel: Channel
  address(place: number): string
  badInput: string
  /** How many messages arrived at an address. */
  arrived(address: string): Promise<number>
  wire: typeof resend | typeof twilio | null
}
const mail = (place: number) => `reader${place}@mail.example`
const phone = (place: number) => `+86139000001${String(place).padStart(2, '0')}`
const inBox = async (address: string) => (await listLetters(box, { address, limit: 100 })).data.length
const cases: [string, Case][] = [
  [
    'email by Resend',
    {
      channel: wired[0]!,
      address: mail,
      badInput: 'nobody',
      arrived: async (address) => resend.mailTo(address).length,
      wire: resend,
    },
  ],
  [
    'sms by Twilio',
    {
      channel: wired[1]!,
      address: phone,
      badInput: '12',
      arrived: async (number) => twilio.smsTo(number).length,
      wire: twilio,
    },
  ],
  ['email in the letterbox', { channel: kept[0]!, address: mail, badInput: 'nobody', arrived: inBox, wire: null }],
  ['sms in the letterbox', { channel: kept[1]!, address: phone, badInput: '12', arrived: inBox, wire: null }],
]

const message = (address: string): Message => ({
  deliveryId: newId(),
  noticeId: newId(),
  address,
  locale: 'en',
  subject: 'Orders fail',
  html: '<p>Orders fail</p>',
  text: 'Orders fail',
})
let places = 0
function batchOf(one: Case, size = 1): FrozenBatch & { addresses: string[] } {
  const messages = Array.from({ length: size }, () => message(one.address(places++)))
  return {
    id: newId(),
    key: `n/${newId()}/b/${newId()}/v1`,
    bytes: one.channel.freeze(messages),
    deliveryIds: messages.map(({ deliveryId }) => deliveryId),
    addresses: messages.map(({ address }) => address),
  }
}
const failureOf = (channel: Channel, batch: FrozenBatch) =>
  channel.send(batch).then(
    () => null,
    (error: unknown) => error,
  )

describe.each(cases)('%s', (_name, one) => {
  const { channel, wire } = one

  it('brings an address into one form and refuses what is none with a sentence', () => {
    const address = one.address(99)
    expect(channel.parse(` ${address.toUpperCase()} `)).toBe(address)
    expect(() => channel.parse(one.badInput)).toThrow(/not an? (email address|mobile number)/)
  })

  it('freezes the same messages into the same bytes', () => {
    const messages = [message(one.address(98))]
    expect(channel.freeze(messages)).toBe(channel.freeze(messages))
    expect(channel.freeze(messages)).toContain('Orders fail')
  })

  it('gives one receipt per delivery, with the provider’s id', async () => {
    const batch = batchOf(one, Math.min(3, channel.batchSizeMax))
    const receipts = await channel.send(batch)
    expect(receipts.map(({ deliveryId, state }) => [deliveryId, state])).toEqual(
      batch.deliveryIds.map((id) => [id, 'sent']),
    )
    const ids = receipts.map((receipt) => (receipt.state === 'sent' ? receipt.providerId : null))
    expect(new Set(ids).size).toBe(batch.deliveryIds.length)
    expect(ids.every(Boolean)).toBe(true)
    for (const address of batch.addresses) expect(await one.arrived(address)).toBe(1)
  })

  it('does what it says of sending the same key again', async () => {
    if (!channel.idempotent) return expect(channel.provider).toBe('twilio')
    const batch = batchOf(one)
    const first = await channel.send(batch)
    expect(await channel.send(batch)).toEqual(first)
    expect(await one.arrived(batch.addresses[0]!)).toBe(1)
  })

  it('throws DeliveryFailed and nothing else, and knows when it does not know', async () => {
    if (!wire) return expect(channel.provider).toBe('letterbox')
    const batch = batchOf(one)
    for (const [failure, unknown] of [
      [500, true],
      [503, true],
      ['reset', true],
      ['reset-after-accept', true],
      [429, false],
    ] as const) {
      wire.failNext(1, failure)
      const failed = await failureOf(channel, batch)
      expect(failed, String(failure)).toBeInstanceOf(DeliveryFailed)
      expect(failed, String(failure)).toMatchObject({ permanent: false, stopsChannel: false, outcomeUnknown: unknown })
    }
  })

  it('hands on how long the provider wants it to wait', async () => {
    if (!wire) return expect(channel.perSecond).toBe(Number.POSITIVE_INFINITY)
    const body = { name: 'rate_limit_exceeded', statusCode: 429, code: 20429, status: 429, message: 'Slower.' }
    wire.failNext(1, { status: 429, body, headers: { 'retry-after': '9' } })
    expect(await failureOf(channel, batchOf(one))).toMatchObject({ retryAfterSeconds: 9, outcomeUnknown: false })
  })

  it('stops the channel when the provider does not know us', async () => {
    if (!wire) return expect(channel.offReason).toBeNull()
    const body = { name: 'invalid_api_key', statusCode: 403, code: 20003, status: 401, message: 'Who are you?' }
    wire.failNext(1, { status: 'mailTo' in wire ? 403 : 401, body })
    expect(await failureOf(channel, batchOf(one))).toMatchObject({ stopsChannel: true, outcomeUnknown: false })
  })
})

it('a provider that cannot be reached at all was certainly not told', async () => {
  const [, sms] = open({ ...twilioEnv(twilio), TWILIO_BASE_URL: 'http://127.0.0.1:9' })
  const one = { ...cases[1]![1], channel: sms! }
  expect(await failureOf(sms!, batchOf(one))).toMatchObject({ outcomeUnknown: false, permanent: false })
})

it('in production a channel without a provider is off and says why; elsewhere it keeps letters', () => {
  const production = openChannels(
    readConfig(
      {
        PUBLIC_URL: 'https://status.example.com',
        SECRET_KEY: 'a-key-of-thirty-two-characters-that-protects-nothing',
        EMAIL_FROM: 'Status <status@example.com>',
      },
      'production',
    ),
    realClock,
    box,
  )
  expect(production.map(({ name, provider, offReason }) => [name, provider, offReason?.slice(0, 30)])).toEqual([
    ['email', 'off', 'No mail provider is set up: RE'],
    ['sms', 'off', 'No SMS provider is set up: TWI'],
    // They need no provider: each goes where its owner said.
    ...['webhook', 'slack', 'feishu'].map((name) => [name, name, undefined]),
  ])
  expect(kept.slice(0, 2).map(({ provider }) => provider)).toEqual(['letterbox', 'letterbox'])
})
