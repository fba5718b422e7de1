import { describe, expect, it } from 'vitest'
import { AppError } from '#api/errors.ts'
import { audienceOf } from '#api/notices/audience.ts'
import { locales } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'
import { chooseComponents, consentWordings } from './choice.ts'
import { keepSecret, newConfirmationSecret, readCode, stateOf } from './confirmation.ts'
import { readKeyword } from './keywords.ts'
import { limitKey, networkKey, perAddress, perNetwork, secondsLeft, smsPrefix, windowStart } from './limits.ts'
import { reachOf } from './reach.ts'

describe('keywords', () => {
  it.each([
    'STOP',
    ' stop ',
    'Stop.',
    'ｓｔｏｐ',
    'UNSUBSCRIBE',
    'end',
    'quit',
    'StopAll',
    'revoke',
    'optout',
    'cancel',
  ])('%j is stop', (body) => expect(readKeyword(body)).toBe('stop'))
  it.each(['退订', '退订。', '“退订”', 'TD', 'td', 'T', 'ｔ'])('%j is stop in China', (body) => {
    expect(readKeyword(body)).toBe('stop')
  })
  it.each(['START', 'yes', 'unstop', '恢复', '开始'])('%j is start', (body) => expect(readKeyword(body)).toBe('start'))
  it.each(['HELP', 'info', 'Help!'])('%j is help', (body) => expect(readKeyword(body)).toBe('help'))
  it.each(['', 'please stop', 'stop it', '不退订', 'TT', 'constructor'])('%j is nothing', (body) => {
    expect(readKeyword(body)).toBeNull()
  })
  it("the provider's own reading wins", () => {
    expect(readKeyword('arrêt', 'STOP')).toBe('stop')
    expect(readKeyword('stop', 'HELP')).toBe('help')
    expect(readKeyword('stop', 'something')).toBe('stop')
  })
})

describe('codes and links', () => {
  it('a code is six digits, however it is typed', () => {
    for (let round = 0; round < 50; round++) expect(newConfirmationSecret('code')).toMatch(/^\d{6}$/)
    expect(readCode(' 123 456 ')).toBe('123456')
    expect(readCode('１２３-４５６')).toBe('123456')
    expect(readCode('12345')).toBeNull()
    expect(readCode('12345a')).toBeNull()
  })

  it('a kept code depends on the key and on whose it is', () => {
    const kept = keepSecret('key one', 'code', 'subscriber1', '123456')
    expect(keepSecret('key two', 'code', 'subscriber1', '123456')).not.toBe(kept)
    expect(keepSecret('key one', 'code', 'subscriber2', '123456')).not.toBe(kept)
    expect(kept).not.toContain('123456')
  })

  it('is open until it is used or its time has come', () => {
    const row = { usedAt: null, expiresAt: '2026-11-11T12:18:00.000Z' }
    expect(stateOf(row, '2026-11-11T12:17:59.999Z')).toBe('open')
    expect(stateOf(row, '2026-11-11T12:18:00.000Z')).toBe('expired')
    expect(stateOf({ ...row, usedAt: '2026-11-11T12:10:00.000Z' }, '2026-11-11T12:17:59.999Z')).toBe('used')
  })
})

describe('limits', () => {
  it('windows are fixed on the clock', () => {
    expect(windowStart('2026-11-11T12:59:59.999Z', perNetwork.windowMs)).toBe('2026-11-11T12:00:00.000Z')
    expect(windowStart('2026-11-11T13:00:00.000Z', perNetwork.windowMs)).toBe('2026-11-11T13:00:00.000Z')
    expect(secondsLeft('2026-11-11T12:59:00.000Z', perNetwork.windowMs)).toBe(60)
  })
  it('an IPv6 network is one asker, and a counter names nobody', () => {
    expect(networkKey(perNetwork, '2001:db8:1:2::1')).toBe(networkKey(perNetwork, '2001:db8:1:2:ffff::9'))
    expect(networkKey(perNetwork, '2001:db8:1:3::1')).not.toBe(networkKey(perNetwork, '2001:db8:1:2::1'))
    expect(limitKey(perAddress, 'email|wang@mail.example')).not.toContain('wang')
    expect(smsPrefix('+8613800138000')).toBe('+861380013')
  })
})

it('a choice names each service once, and only those that exist', () => {
  expect(chooseComponents(['b', 'a', 'b'], new Set(['a', 'b', 'c']))).toEqual(['a', 'b'])
  expect(chooseComponents([], new Set())).toEqual([])
  expect(() => chooseComponents(['x'], new Set(['a']))).toThrow(AppError)
})

it('every wording that somebody may have agreed to stands in every language', () => {
  for (const locale of locales)
    for (const wording of Object.values(consentWordings))
      expect(wordsOf(locale).subscribe.consents[wording], `${locale} ${wording}`).toContain('{name}')
})

it('the SMS form says who writes, how often, what it costs and how it ends', () => {
  expect(wordsOf('en').subscribe.consents['sms-2026-11']).toMatch(
    /\{name\}.*only when an incident starts, gets worse or ends.*Message and data rates may apply.*STOP.*HELP/s,
  )
  expect(wordsOf('zh-CN').subscribe.consents['sms-2026-11']).toMatch(
    /\{name\}.*开始、影响扩大或结束.*费用.*STOP.*退订.*HELP/s,
  )
})

it('what the page promises in mid incident is what the audience rule does', () => {
  const between = { severity: 1, first: false, resolved: false, report: false, raised: false, componentIds: ['a'] }
  for (const channel of ['email', 'sms'])
    for (const componentIds of [[], ['a'], ['b']]) {
      const everything = componentIds.length === 0
      const heard = (happened: Partial<typeof between>) => {
        const reach = audienceOf({ ...between, ...happened })[channel]
        return Boolean(
          reach && ((everything && reach.everything) || componentIds.some((id) => reach.componentIds.includes(id))),
        )
      }
      const expected = heard({}) ? 'every' : heard({ resolved: true }) ? 'milestones' : 'none'
      expect(reachOf({ channel, everything, componentIds }, ['a']), `${channel} ${componentIds}`).toBe(expected)
    }
})
