import { expect, it } from 'vitest'
import type { Maintenance } from '#api/maintenance/show.ts'
import { faultsOf, readMove, readPlan } from '../../src/ui/admin/maintenance.ts'

const reader = { zone: 'Asia/Shanghai', locale: 'zh-CN' } as const
const one = { startsAt: '2026-11-14T18:00:30.000Z', endsAt: '2026-11-14T21:00:00.000Z' } as Maintenance

it('reads what is planned on the wall clock of the page, and names every field that is missing', () => {
  const typed = new Map([
    ['title.zh-CN', '升级'],
    ['body.en', 'We upgrade.'],
    ['startsAt', '2026-11-15T02:00'],
    ['endsAt', '2026-11-15T05:00'],
    ['service.component001', '1'],
  ])
  expect(readPlan(typed, reader)).toEqual({
    plan: {
      title: { 'zh-CN': '升级' },
      body: { en: 'We upgrade.' },
      startsAt: '2026-11-14T18:00:00.000Z',
      endsAt: '2026-11-14T21:00:00.000Z',
      components: ['component001'],
    },
    faults: {},
  })
  const { plan, faults } = readPlan(new Map([['startsAt', '2026-02-30T02:00']]), reader)
  expect(plan).toBeNull()
  expect(Object.keys(faults).sort()).toEqual(['body.zh-CN', 'components', 'endsAt', 'startsAt', 'title.zh-CN'])
})

it('moves only the time that was changed: the field knows no seconds', () => {
  const typed = new Map([
    ['startsAt', '2026-11-15T02:00'],
    ['endsAt', '2026-11-15T06:00'],
    ['said.en', 'Later.'],
  ])
  expect(readMove(typed, one, reader).move).toEqual({ endsAt: '2026-11-14T22:00:00.000Z', said: { en: 'Later.' } })
  // One that has begun shows no start at all.
  expect(readMove(new Map([['endsAt', '2026-11-15T06:00']]), one, reader).move).toMatchObject({
    endsAt: '2026-11-14T22:00:00.000Z',
  })
  expect(readMove(new Map([['endsAt', 'soon']]), one, reader)).toMatchObject({
    move: null,
    faults: { endsAt: '请填写日期和时间。' },
  })
})

it('shows what the API refuses at the field it means', () => {
  expect(faultsOf({ startsAt: 'a', 'title.en': 'b', 'components.0': 'c', said: 'd' }, 'zh-CN')).toEqual({
    startsAt: 'a',
    'title.en': 'b',
    components: 'c',
    'said.zh-CN': 'd',
  })
})
