import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type Channel, DeliveryFailed, type FrozenBatch, type Message } from '#api/channels/channel.ts'
import { openChannels } from '#api/channels/index.ts'
import { readConfig } from '#api/config.ts'
import { realClock } from '#api/lib/clock.ts'
import { newId } from '#api/lib/ids.ts'
import { type ChannelCase, openCases, type Trouble } from './support/channel-cases.ts'
import { twilioEnv } from './wire/twilio.ts'

// One suite over every channel and every provider: what the fan-out relies on, whoever carries the message.

const { cases, open, channels, twilio, heal, close } = await openCases()
afterAll(close)
afterEach(heal)

const message = (address: string, text = 'Orders fail'): Message => ({
  deliveryId: newId(),
  noticeId: newId(),
  address,
  locale: 'en',
  subject: 'Orders fail',
  html: '<p>Orders fail</p>',
  text,
})

let places = 0
function batchTo(channel: Channel, typed: string[], text?: string): FrozenBatch {
  const messages = typed.map((one) => message(channel.parse(one), text))
  return {
    id: newId(),
    key: `n/${newId()}/b/${newId()}/v1`,
    bytes: Buffer.from(channel.freeze(messages)),
    deliveryIds: messages.map(({ deliveryId }) => deliveryId),
  }
}
const nextBatch = (one: ChannelCase, text?: string) => batchTo(one.channel, [one.typed(++places)], text)
const failureOf = (channel: Channel, batch: FrozenBatch) =>
  channel.send(batch).then(
    () => null,
    (error: unknown) => error,
  )

it('every channel that can be opened has a row here', () => {
  const rows = new Set(Object.values(cases).map(({ channel }) => channel.name))
  expect(channels.map(({ name }) => name).filter((name) => !rows.has(name))).toEqual([])
})

describe.each(Object.entries(cases))('%s', (_name, one) => {
  const { channel } = one

  it('brings an address into one form and refuses what is none with a sentence', () => {
    const form = channel.parse(one.typed(99))
    expect(form).not.toMatch(/^\s|\s$/)
    if (one.normal) expect(form).toBe(one.normal(99))
    // An address that is a password is sealed, and only its end can be read.
    else expect(form).not.toContain(new URL(one.typed(99).trim()).pathname)
    expect(() => channel.parse(one.badInput)).toThrow(/not (an? |the )[^.]+\./)
  })

  it('freezes the same messages into the same bytes', () => {
    const messages = [message(channel.parse(one.typed(98)))]
    expect(channel.freeze(messages)).toBe(channel.freeze(messages))
    expect(channel.freeze(messages)).toContain('Orders fail')
  })

  it('gives one receipt per delivery, and each message arrives once', async () => {
    const size = channel.perAddress ? 1 : Math.min(3, channel.batchSizeMax)
    const first = places + 1
    places += size
    const batch = batchTo(
      channel,
      Array.from({ length: size }, (_, i) => one.typed(first + i)),
    )
    const receipts = await channel.send(batch)
    expect(receipts.map(({ deliveryId, state }) => [deliveryId, state])).toEqual(
      batch.deliveryIds.map((id) => [id, 'sent']),
    )
    const ids = receipts.map((receipt) => (receipt.state === 'sent' ? receipt.providerId : null))
    // A chat gives no ids.
    if (!channel.mergesUpdates) expect(new Set(ids.filter(Boolean)).size).toBe(size)
    for (let place = first; place < first + size; place++) expect(await one.arrived(place)).toHaveLength(1)
  })

  it('does what it says of sending the same key again', async () => {
    const batch = nextBatch(one)
    const first = await channel.send(batch)
    if (!channel.idempotent) return expect(await one.arrived(places)).toHaveLength(1)
    expect(await channel.send(batch)).toEqual(first)
    expect(await one.arrived(places)).toHaveLength(1)
  })

  if (one.fail)
    it('throws DeliveryFailed and nothing else, and knows when it does not know', async () => {
      for (const trouble of ['429', '500', 'reset', 'reset-after'] satisfies Trouble[]) {
        one.fail!(trouble)
        const failed = await failureOf(channel, nextBatch(one))
        expect(failed, trouble).toBeInstanceOf(DeliveryFailed)
        expect(failed, trouble).toMatchObject({ permanent: false, stopsChannel: false })
        if (trouble === '429') expect(failed).toMatchObject({ outcomeUnknown: false })
        // What was taken before the line broke may only be sent again where that is harmless.
        if (trouble === 'reset-after' && !channel.idempotent) expect(failed).toMatchObject({ outcomeUnknown: true })
      }
    })

  if (one.slow)
    it('hands on how long the provider wants it to wait', async () => {
      one.slow!.ask()
      expect(await failureOf(channel, nextBatch(one))).toMatchObject({
        retryAfterSeconds: one.slow!.seconds,
        outcomeUnknown: false,
      })
    })

  if (one.refuse)
    it('says of an address that takes nothing that it never will', async () => {
      const batch = batchTo(channel, [one.refuse!()])
      const outcome = await channel.send(batch).catch((error: unknown) => error)
      if (outcome instanceof DeliveryFailed) return expect(outcome).toMatchObject({ permanent: true })
      expect(outcome).toMatchObject([{ deliveryId: batch.deliveryIds[0], state: 'failed' }])
    })

  if (one.disown)
    it('stops the channel when the provider does not know us', async () => {
      one.disown!()
      expect(await failureOf(channel, nextBatch(one))).toMatchObject({ stopsChannel: true, outcomeUnknown: false })
    })

  if (one.fail)
    it('cuts what is too long between two characters, as people see them', async () => {
      const family = '👨‍👩‍👧‍👦'
      const receipts = await channel.send(nextBatch(one, family.repeat(2_000)))
      expect(receipts).toMatchObject([{ state: 'sent' }])
      const [text = ''] = await one.arrived(places)
      expect(text.length).toBeGreaterThan(family.length)
      expect(text.replaceAll(family, '').replace(/…$/, '').replace(/\s/g, '')).toBe('')
    })
})

it('a provider that cannot be reached at all was certainly not told', async () => {
  const [, sms] = open({ ...twilioEnv(twilio), TWILIO_BASE_URL: 'http://127.0.0.1:9' })
  const batch = batchTo(sms!, [cases['SMS by Twilio']!.typed(97)])
  expect(await failureOf(sms!, batch)).toMatchObject({ outcomeUnknown: false, permanent: false })
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
    '/nonexistent',
  )
  expect(production.map(({ name, provider, offReason }) => [name, provider, offReason?.slice(0, 30)])).toEqual([
    ['email', 'off', 'No mail provider is set up: RE'],
    ['sms', 'off', 'No SMS provider is set up: TWI'],
    // They need no provider: each goes where its owner said.
    ...['webhook', 'slack', 'feishu'].map((name) => [name, name, undefined]),
  ])
  expect(
    open({})
      .slice(0, 2)
      .map(({ provider }) => provider),
  ).toEqual(['letterbox', 'letterbox'])
})
