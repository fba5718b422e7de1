import { describe, expect, it } from 'vitest'
import { engines } from '../support/record.ts'
import { inWords } from './compare.ts'
import { type Kill, torture } from './torture.ts'

// The long form of torture.test.ts. Each comparison is printed.

const kills = Array.from({ length: 200 }, (): Kill => 'any moment')
const inOrder = { invented: [], lost: [], unmarked: [], denied: [] }

describe.each(engines)('%s', (engine) => {
  it('50,000 mails, 200 kills', async () => {
    const result = await torture({ engine, channel: 'email', readers: 50_000, kills, hang: 0.005 })
    console.log(`${engine}, mail: ${result.kills} kills, ${result.requests} requests, ${result.replays} replays`)
    console.log(inWords(result))
    expect(result).toMatchObject({ ...inOrder, doubled: [], rows: 50_000, taken: 50_000, equal: 50_000 })
  })

  it('5,000 SMS, 200 kills', async () => {
    const result = await torture({ engine, channel: 'sms', readers: 5_000, kills, hang: 0.005 })
    console.log(`${engine}, SMS: ${result.kills} kills, ${result.requests} requests`)
    console.log(inWords(result))
    expect(result).toMatchObject({ ...inOrder, rows: 5_000 })
    expect(result.doubled.length).toBeLessThanOrEqual(result.marked)
  })
})
