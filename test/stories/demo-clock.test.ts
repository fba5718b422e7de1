import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { DemoClock, demoOpensAt } from '#api/demo/clock.ts'
import { nextUpdate, playEvening, playUpdate } from '#api/demo/player.ts'
import { seedDemonstration } from '#api/demo/seed.ts'
import { storiesAfter } from '../support/story.ts'

const story = storiesAfter(({ app }) => seedDemonstration(app, { password: 'four-quiet-paper-cranes', evening: 'U2' }))

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'candor-clock-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

it('the clock opens at 20:23 and stands still until it is set', () => {
  const clock = new DemoClock(dir)
  expect(clock.now()).toBe(demoOpensAt)
  expect(clock.lastKept()).toBeNull()
})

it('whoever reads the same folder sees the same time, and follows when it is set', async () => {
  const web = new DemoClock(dir)
  web.set(demoOpensAt, 0)
  const worker = new DemoClock(dir)
  expect(worker.now()).toBe(demoOpensAt)
  web.set('2026-11-11T13:31:00.000Z', 0)
  await sleep(150)
  expect(worker.now()).toBe('2026-11-11T13:31:00.000Z')
})

it('the next run goes on from where the last one stopped, however long it was away', async () => {
  const first = new DemoClock(dir)
  first.set(demoOpensAt, 1_000)
  const stop = first.keep()
  await sleep(30)
  stop()
  const stopped = first.now()
  expect(stopped > demoOpensAt).toBe(true)
  await sleep(30)
  const second = new DemoClock(dir)
  expect(second.now()).toBe(stopped)
  expect(second.lastKept()).toBe(stopped)
})

story('a clock that ran past the next update is set back, and the evening is played to its end', async (stage) => {
  const clock = new DemoClock(dir)
  const app = openApp(readConfig(stage.env, 'test'), { clock })
  try {
    clock.set('2026-11-11T13:50:00.000Z', 1)
    const lines: string[] = []
    const say = (line: string) => lines.push(line)
    await playEvening(app, clock, { speed: 3_600, say, signal: new AbortController().signal })
    expect(lines.map((line) => line.slice(0, 9))).toEqual([
      '20:36  U3',
      '20:45  S1',
      '20:45  S1',
      '20:51  U4',
      '21:05  U5',
      '21:24  U6',
      '21:34  U7',
      '22:03  U8',
      '22:12  U9',
      '22:50  S2',
      '23:02  S2',
      '23:05  S2',
      'The eveni',
    ])
    expect(await nextUpdate(app)).toBe('told')
    expect(clock.speed).toBe(1)
    const said = await app.db
      .selectFrom('incidentUpdate')
      .innerJoin('incident', 'incident.id', 'incidentUpdate.incidentId')
      .select('incidentUpdate.createdAt')
      .where('code', '=', '1107')
      .orderBy('number')
      .execute()
    expect(said[2]!.createdAt >= '2026-11-11T12:36:00.000Z').toBe(true)
    expect(said[2]!.createdAt < '2026-11-11T13:50:00.000Z', 'before the clock was set back').toBe(true)
  } finally {
    await app.close()
  }
})

story('an update that comes late promises a later time, and says so in its text', async (stage) => {
  const { app, clock } = stage
  clock.set('2026-11-11T12:46:00.000Z')
  const next = await nextUpdate(app)
  if (typeof next === 'string') throw new Error(next)
  await playUpdate(app, next)
  const update = await app.db
    .selectFrom('incidentUpdate')
    .selectAll()
    .where('createdAt', '=', app.now())
    .executeTakeFirstOrThrow()
  expect(update.nextUpdateAt).toBe('2026-11-11T13:02:00.000Z')
  expect(update.body).toContain('Next update by 21:02.')
  expect(update.body).toContain('21:02 前更新')
  expect(await nextUpdate(app)).toMatchObject({ key: 'U4' })
})
