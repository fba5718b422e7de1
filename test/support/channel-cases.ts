import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Channel } from '#api/channels/channel.ts'
import { openChannels } from '#api/channels/index.ts'
import { listLetters } from '#api/channels/letterbox/read.ts'
import { readConfig } from '#api/config.ts'
import { realClock } from '#api/lib/clock.ts'
import { openFeishu } from '../wire/feishu.ts'
import { openResend, resendEnv } from '../wire/resend.ts'
import type { Failure } from '../wire/server.ts'
import { openSlack } from '../wire/slack.ts'
import { openSmtp, smtpEnv } from '../wire/smtp.ts'
import { openTwilio, twilioEnv } from '../wire/twilio.ts'
import { openWebhook } from '../wire/webhook.ts'
import { localEnv } from './endpoints.ts'

/** How a provider fails, and what makes its stand-in fail like this once. */
export type Trouble = '429' | '500' | 'reset' | 'reset-after'

/** A channel with its stand-in: a row for each in the one suite over all of them. */
export interface ChannelCase {
  channel: Channel
  /** What somebody types for the address with this number. */
  typed(place: number): string
  /** The form that the record keeps; left out where it is sealed, and differs every time. */
  normal?(place: number): string
  badInput: string
  /** The texts that arrived there, oldest first. */
  arrived(place: number): string[] | Promise<string[]>
  /** Makes the next request fail; null for a box that cannot. */
  fail: ((trouble: Trouble) => void) | null
  /** Makes an address one that never takes anything; gives what somebody types for it. */
  refuse?(): string
  /** The provider says how long to wait; `seconds` is what must come of it. */
  slow?: { ask(): void; seconds: number }
  /** The provider does not know us any more, for the next request. */
  disown?: () => void
}

const failures: Record<Trouble, Failure> = { 429: 429, 500: 500, reset: 'reset', 'reset-after': 'reset-after-accept' }
const mail = (place: number) => `reader${place}@mail.example`
const phone = (place: number) => `+86138${String(place).padStart(8, '0')}`
const upper = (text: string) => ` ${text.toUpperCase()} `
/** What Resend and Twilio say, each reading its own fields of it. */
const answer = (status: number, name: string, code: number) => ({
  status,
  body: { name, statusCode: status, code, status, message: 'It was told to.' },
})

/** Every channel that can be opened, on its stand-in, and those that keep letters instead. */
export async function openCases() {
  const box = mkdtempSync(join(tmpdir(), 'candor-letterbox-'))
  const open = (more: Record<string, string>) =>
    openChannels(
      readConfig({ PUBLIC_URL: 'https://status.hezhou.example', ...localEnv, ...more }, 'test'),
      realClock,
      box,
      ['CN', 'SG'],
    )
  const [resend, smtp, twilio, webhook, slack, feishu] = await Promise.all([
    openResend(),
    openSmtp(),
    openTwilio(),
    openWebhook(),
    openSlack(),
    openFeishu(),
  ])
  const named = (channels: Channel[], name: string) => channels.find((channel) => channel.name === name)!
  const wired = open({ ...resendEnv(resend), ...twilioEnv(twilio) })
  const kept = open({})
  const inBox = async (address: string) =>
    (await listLetters(box, { address, limit: 100 })).data.map(({ opening, subject }) => opening ?? subject ?? '')
  const cases: Record<string, ChannelCase> = {
    'email by Resend': {
      channel: named(wired, 'email'),
      typed: (place) => upper(mail(place)),
      normal: mail,
      badInput: 'nobody',
      arrived: (place) => resend.mailTo(mail(place)).map(({ text }) => text),
      fail: (trouble) => resend.failNext(1, failures[trouble]),
      refuse: () => 'refused@example.com',
      slow: {
        ask: () => resend.failNext(1, { ...answer(429, 'rate_limit_exceeded', 0), headers: { 'retry-after': '9' } }),
        seconds: 9,
      },
      disown: () => resend.failNext(1, answer(403, 'invalid_api_key', 0)),
    },
    'email by SMTP': {
      channel: named(open(smtpEnv(smtp)), 'email'),
      typed: (place) => upper(mail(place)),
      normal: mail,
      badInput: 'nobody',
      arrived: (place) => smtp.mailTo(mail(place)).map(({ text }) => text.trimEnd()),
      fail: (trouble) => smtp.failNext(1, trouble),
      refuse() {
        smtp.refuse('refused@mail.example', 550, '5.1.1 No such mailbox')
        return 'refused@mail.example'
      },
      disown: () => smtp.refuseSender({ status: 530, words: '5.7.0 Authentication required' }),
    },
    'SMS by Twilio': {
      channel: named(wired, 'sms'),
      typed: (place) => upper(phone(place)),
      normal: phone,
      badInput: '12',
      arrived: (place) => twilio.smsTo(phone(place)).map(({ body }) => body),
      fail: (trouble) => twilio.failNext(1, failures[trouble]),
      // The stand-in reads the code out of the number: 21614, no mobile number.
      refuse: () => '+8613972161400',
      slow: {
        ask: () => twilio.failNext(1, { ...answer(429, '', 20_429), headers: { 'retry-after': '9' } }),
        seconds: 9,
      },
      disown: () => twilio.failNext(1, answer(401, '', 20_003)),
    },
    webhook: {
      channel: named(kept, 'webhook'),
      typed: (place) => ` ${webhook.endpoint(`/hook/${place}`)} `,
      badInput: 'nowhere',
      arrived: (place) => webhook.received(`/hook/${place}`).map(({ body }) => body),
      fail: (trouble) => webhook.failNext(1, failures[trouble]),
      refuse() {
        webhook.say('/gone', 410)
        return webhook.endpoint('/gone')
      },
      slow: {
        ask: () => webhook.failNext(1, { status: 429, body: {}, headers: { 'retry-after': '90' } }),
        seconds: 90,
      },
    },
    slack: {
      channel: named(kept, 'slack'),
      typed: (place) => ` ${slack.hook(`X${place}`)} `,
      badInput: 'nowhere',
      arrived: (place) => slack.posts(`X${place}`).map(({ blocks }) => blocks.map(({ text }) => text?.text).join('')),
      fail: (trouble) => slack.failNext(1, failures[trouble]),
      refuse() {
        slack.retire('GONE')
        return slack.hook('GONE')
      },
      slow: {
        ask: () => slack.failNext(1, { status: 429, body: 'rate_limited', headers: { 'retry-after': '45' } }),
        seconds: 45,
      },
    },
    feishu: {
      channel: named(kept, 'feishu'),
      typed: (place) => ` ${feishu.robot(`x${place}`)} `,
      badInput: 'nowhere',
      arrived: (place) => feishu.posts(`x${place}`).map(({ text }) => text),
      fail: (trouble) => feishu.failNext(1, failures[trouble]),
      refuse() {
        feishu.refuse('gone', 19_001)
        return feishu.robot('gone')
      },
      // It never says how long; a minute is its own rate.
      slow: { ask: () => feishu.failNext(1, 429), seconds: 60 },
    },
    'email in the letterbox': {
      channel: named(kept, 'email'),
      typed: (place) => upper(mail(place)),
      normal: mail,
      badInput: 'nobody',
      arrived: (place) => inBox(mail(place)),
      fail: null,
    },
    'SMS in the letterbox': {
      channel: named(kept, 'sms'),
      typed: (place) => upper(phone(place)),
      normal: phone,
      badInput: '12',
      arrived: (place) => inBox(phone(place)),
      fail: null,
    },
  }
  return {
    cases,
    open,
    /** Everything that the program can open. */
    channels: wired,
    twilio,
    heal() {
      smtp.refuseSender(null)
      for (const wire of [resend, smtp, twilio, webhook, slack, feishu]) wire.heal()
    },
    async close() {
      await Promise.all([resend, smtp, twilio, webhook, slack, feishu].map((wire) => wire.close()))
      rmSync(box, { recursive: true, force: true })
    },
  }
}
