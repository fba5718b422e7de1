import { expect, it } from 'vitest'
import type { Engine } from '../support/record.ts'
import { inWords } from './compare.ts'
import { type Kill, torture } from './torture.ts'

// The long form of torture.test.ts, in four parts with a file each: `npm run torture -- mail-postgres` runs one alone.
// Each comparison is printed.

const kills = Array.from({ length: 200 }, (): Kill => 'any moment')
const inOrder = { invented: [], lost: [], unmarked: [], denied: [] }

async function long(engine: Engine, channel: 'email' | 'sms', readers: number) {
  const startedAt = performance.now()
  const result = await torture({ engine, channel, readers, kills, hang: 0.005 })
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  console.log(
    `${engine}, ${channel}: ${result.kills} kills, ${result.requests} requests, ${result.replays} replays, ${seconds} s`,
  )
  console.log(inWords(result))
  return result
}

export const tortureMail = (engine: Engine) =>
  it(`50,000 mails, 200 kills, ${engine}`, async () => {
    const result = await long(engine, 'email', 50_000)
    expect(result).toMatchObject({ ...inOrder, doubled: [], rows: 50_000, taken: 50_000, equal: 50_000 })
  })

export const tortureSms = (engine: Engine) =>
  it(`5,000 SMS, 200 kills, ${engine}`, async () => {
    const result = await long(engine, 'sms', 5_000)
    expect(result).toMatchObject({ ...inOrder, rows: 5_000 })
    expect(result.doubled.length).toBeLessThanOrEqual(result.marked)
  })
