import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openApp } from '#api/app.ts'
import { system } from '#api/audit/audit.ts'
import { readConfig } from '#api/config.ts'
import { migrate } from '#api/db/connect.ts'
import { openDrawing } from '#api/drawing.ts'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { hourMs, plusMs } from '#api/lib/time.ts'
import { buildOf } from '#api/publish/build-name.ts'
import { writeRevisionFile } from '#api/publish/files.ts'
import { openPublisher } from '#api/publish/publisher.ts'
import { readRevision, recordIdentity } from '#api/status/read.ts'
import { percentile } from './figures.ts'
import { fillHistory } from './history.ts'

interface Taken {
  cpuMs: number
  visibleMs: number
  files: number
}

// One size in a process of its own: fills a record, takes its past as published, publishes, and prints one JSON line of
// what each kind of publish took of the processor, in milliseconds, and of the memory that is taken in the end.

const [components = 20, incidents = 100] = process.argv.slice(2).map(Number)
const warm = 5
const measured = 15

const dataDir = mkdtempSync(join(tmpdir(), 'candor-growth-'))
const settings = { DATA_DIR: dataDir, PUBLIC_URL: 'https://status.hezhou.example', LOG_LEVEL: 'silent' }
const app = openApp(readConfig(settings, 'test'))
try {
  await migrate(app.db)
  const [service = ''] = await fillHistory(app, { components, incidents })
  const dir = join(dataDir, 'published')
  mkdirSync(dir, { recursive: true })
  const drawing = await openDrawing(app)
  const [record, revision] = [await recordIdentity(app), await readRevision(app)]
  await writeRevisionFile(dir, { record, revision, at: app.now(), build: buildOf(app, drawing.build) })
  let shownMs = 0
  let files = 0
  const publisher = await openPublisher(app, {
    ...drawing,
    dir,
    show: (shown) => {
      shownMs ||= performance.now()
      files += shown.length
    },
  })
  const cpuMs = () => {
    const { user, system: kernel } = process.cpuUsage()
    return (user + kernel) / 1_000
  }
  const words = (mark: number) => ({ en: `Still working on it. ${mark}`, 'zh-CN': `仍在处理中。${mark}` })
  const next = () => plusMs(app.now(), hourMs)
  const open = (mark: number) =>
    openIncident(app, system, {
      title: { en: `Some merchants cannot place orders (${mark}).`, 'zh-CN': `部分商家无法下单（${mark}）。` },
      severity: 1,
      status: 'investigating',
      components: [{ id: service, status: 'partial_outage' }],
      body: words(mark),
      nextUpdateAt: next(),
      notify: false,
    })
  const publish = async (change: () => Promise<unknown>): Promise<Taken> => {
    await change()
    shownMs = 0
    files = 0
    const [cpu, at] = [cpuMs(), performance.now()]
    await publisher.publishChanges()
    return { cpuMs: cpuMs() - cpu, visibleMs: shownMs - at, files }
  }
  const many = async (change: (i: number) => Promise<unknown>) => {
    for (let i = 0; i < warm; i++) await publish(() => change(i))
    const all: Taken[] = []
    for (let i = warm; i < warm + measured; i++) all.push(await publish(() => change(i)))
    const middle = (read: (one: Taken) => number) => percentile(all.map(read), 0.5)
    return {
      cpuMs: middle((one) => one.cpuMs),
      visibleMs: middle((one) => one.visibleMs),
      files: middle((one) => one.files),
    }
  }
  const { id } = await open(0)
  const update = await many((i) =>
    publishUpdate(app, system, id, { status: 'investigating', body: words(i), nextUpdateAt: next(), notify: false }),
  )
  await publishUpdate(app, system, id, { status: 'resolved', body: words(0), notify: false })
  const opening = await many(async (i) => {
    const opened = await open(i + 1)
    await publishUpdate(app, system, opened.id, { status: 'resolved', body: words(i), notify: false })
  })
  await publisher.stop()
  globalThis.gc?.()
  console.log(JSON.stringify({ update, opening, memoryBytes: process.memoryUsage.rss() }))
} finally {
  await app.close()
  rmSync(dataDir, { recursive: true, force: true })
}
process.exit(0)
