import { expect, it } from 'vitest'
import type { PublicIncident, PublicMaintenance } from './document.ts'
import { pastEntries } from './past.ts'

const incident = (
  id: string,
  startedAt: string,
  resolvedAt: string | null,
  kind: PublicIncident['kind'] = 'incident',
) => ({
  id,
  code: id,
  kind,
  impact: 'major' as const,
  status: 'resolved' as const,
  title: { en: id },
  scope: {},
  notAffected: {},
  workaround: {},
  startedAt,
  endedAt: null,
  resolvedAt,
  createdAt: startedAt,
  nextUpdateAt: null,
  late: false,
  rating: null,
  affected: [],
  offers: [],
  updates: [],
  statements: [],
})
const maintenance = (id: string, startsAt: string): PublicMaintenance => ({
  id,
  title: { en: id },
  body: {},
  status: 'completed',
  startsAt,
  endsAt: startsAt,
  announcedAt: '2026-11-01T00:00:00.000Z',
  completedAt: startsAt,
  cancelledAt: null,
  components: [],
  changes: [],
})

const told = (happened: Partial<Parameters<typeof pastEntries>[0]>, zone = 'Asia/Shanghai') =>
  pastEntries(
    { incidents: [], maintenances: [], open: [], ...happened },
    { nowMs: Date.parse('2026-11-11T12:23:00Z'), zone, count: 14 },
  ).map((entry) =>
    entry.kind === 'quiet'
      ? `quiet ${entry.from} to ${entry.to}`
      : `${entry.date} ${entry.kind === 'incident' ? entry.incident.id : entry.maintenance.id}`,
  )

it('fourteen quiet days are one line', () => {
  expect(told({})).toEqual(['quiet 2026-10-29 to 2026-11-11'])
})

it('tells the newest first, each at the day of the zone on which it began, with the quiet days between', () => {
  const incidents = [
    incident('late', '2026-11-08T15:30:00.000Z', '2026-11-08T16:30:00.000Z'),
    incident('early', '2026-11-08T02:00:00.000Z', '2026-11-08T03:00:00.000Z'),
    incident('today', '2026-11-11T01:00:00.000Z', '2026-11-11T02:00:00.000Z'),
  ]
  expect(told({ incidents, maintenances: [maintenance('upgrade', '2026-11-08T10:00:00.000Z')] })).toEqual([
    '2026-11-11 today',
    'quiet 2026-11-10 to 2026-11-10',
    '2026-11-08 late',
    '2026-11-08 upgrade',
    '2026-11-08 early',
    'quiet 2026-10-29 to 2026-11-07',
  ])
  expect(told({ incidents: incidents.slice(0, 1) }, 'America/New_York')).toEqual([
    'quiet 2026-11-09 to 2026-11-11',
    '2026-11-08 late',
    'quiet 2026-10-29 to 2026-11-07',
  ])
})

it('what began before the days shown and ended within them stands at the first of them', () => {
  expect(told({ incidents: [incident('long', '2026-10-20T00:00:00.000Z', '2026-10-30T00:00:00.000Z')] })).toEqual([
    'quiet 2026-10-31 to 2026-11-11',
    '2026-10-29 long',
  ])
})

it('a day on which something open goes on is not called quiet; an open known issue stands apart', () => {
  const open = [
    incident('open', '2026-11-10T12:02:00.000Z', null),
    incident('issue', '2026-11-05T12:02:00.000Z', null, 'known_issue'),
  ]
  expect(told({ open })).toEqual(['quiet 2026-10-29 to 2026-11-09'])
  const incidents = [incident('solved', '2026-11-05T12:02:00.000Z', '2026-11-08T12:02:00.000Z', 'known_issue')]
  expect(told({ incidents })).toEqual([
    'quiet 2026-11-06 to 2026-11-11',
    '2026-11-05 solved',
    'quiet 2026-10-29 to 2026-11-04',
  ])
})

it('days of 23 and 25 hours are days', () => {
  const days = pastEntries(
    { incidents: [], maintenances: [], open: [] },
    { nowMs: Date.parse('2026-10-26T00:30:00+01:00'), zone: 'Europe/Berlin', count: 3 },
  )
  expect(days).toEqual([{ kind: 'quiet', from: '2026-10-24', to: '2026-10-26' }])
})
