import { createHmac } from 'node:crypto'
import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { addSubscriber } from '#api/subscribers/staff-actions.ts'
import { story } from '../support/story.ts'
import { door, posted, snapshot } from '../support/subscribers.ts'

const env = {
  TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000000',
  TWILIO_AUTH_TOKEN: 'a-token-for-tests',
  TWILIO_FROM: '+15550100000',
}
const number = '+8613800138000'
const path = '/hooks/twilio/inbound'
let messages = 0

/** Twilio's signature as its documentation gives it: over the public address and the sorted fields. */
const sign = (fields: Record<string, string>, token = env.TWILIO_AUTH_TOKEN) =>
  createHmac('sha1', token)
    .update(
      `https://status.hezhou.example${path}${Object.keys(fields)
        .sort()
        .map((key) => key + fields[key])
        .join('')}`,
    )
    .digest('base64')

function phoneOf(app: App) {
  const api = door(app)
  return (fields: Record<string, string>, token?: string) => {
    const whole = { MessageSid: `SM${++messages}`, From: number, To: env.TWILIO_FROM, ...fields }
    return api.form(path, whole, { 'x-twilio-signature': sign(whole, token) })
  }
}

const subscribed = (app: App) =>
  addSubscriber(
    app,
    { id: 'machine', roles: ['machine'] },
    {
      channel: 'sms',
      address: number,
      components: [],
      locale: 'zh-CN',
      consent: { at: app.now(), wording: 'paper-form-7' },
    },
  )
const rowOf = (app: App) => app.db.selectFrom('subscriber').selectAll().executeTakeFirstOrThrow()
const suppressions = (app: App) => app.db.selectFrom('suppression').select(['address', 'reason']).execute()

story(
  'STOP ends the texts, START brings them back, and each message is heard once',
  async ({ app, clock }) => {
    const text = phoneOf(app)
    await subscribed(app)
    const stop = { MessageSid: 'SMstop', Body: '退订' }
    const answer = await text(stop)
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/xml; charset=utf-8',
      '<Response/>',
    ])
    expect(await rowOf(app)).toMatchObject({ closedAt: app.now(), closedReason: 'stop' })
    expect(await suppressions(app)).toEqual([{ address: number, reason: 'stop' }])

    clock.move(60_000)
    await text({ Body: ' start ' })
    expect(await rowOf(app)).toMatchObject({ closedAt: null, confirmedAt: app.now(), consentAt: app.now() })
    expect(await suppressions(app)).toEqual([])
    const before = await snapshot(app)
    expect((await text(stop)).status).toBe(200)
    expect(await snapshot(app)).toBe(before)

    await text({ Body: 'Arrêt', OptOutType: 'STOP' })
    expect(await rowOf(app)).toMatchObject({ closedReason: 'stop' })
  },
  env,
)

story(
  'a number that stopped gets no code from the form, and START alone subscribes nobody',
  async ({ app }) => {
    const text = phoneOf(app)
    await text({ Body: 'STOP' })
    await door(app).post('/api/v1/subscriptions', { channel: 'sms', address: number })
    expect((await posted(app)).map(({ state }) => state)).toEqual(['suppressed'])
    await text({ Body: 'UNSTOP' })
    expect(await suppressions(app)).toEqual([])
    expect(await rowOf(app)).toMatchObject({ confirmedAt: null })
  },
  env,
)

story(
  'HELP is written down, other words change nothing, and a forged message is refused',
  async ({ app }) => {
    const text = phoneOf(app)
    await subscribed(app)
    await text({ Body: 'HELP' })
    const audits = await app.db.selectFrom('audit').select('action').execute()
    expect(audits.map(({ action }) => action)).toContain('subscriber.askedForHelp')
    const before = await rowOf(app)
    expect((await text({ Body: 'please stop by tomorrow' })).status).toBe(200)
    expect(await rowOf(app)).toEqual(before)

    const record = await snapshot(app)
    const forged = await text({ Body: 'STOP' }, 'another token')
    expect(forged.status).toBe(403)
    expect((await door(app).form(path, { MessageSid: 'SMx', From: number, Body: 'STOP' })).status).toBe(403)
    expect(await snapshot(app)).toBe(record)
  },
  env,
)
