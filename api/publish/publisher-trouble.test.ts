import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { openPublishing, ordersDown } from '#test/support/publishing.ts'
import { openServices } from '#test/support/services.ts'
import { story } from '#test/support/story.ts'

/** A disk that is full until `freed` is called: the system opens every file and takes none of its bytes. */
async function fullDisk(): Promise<{ freed(): void }> {
  const handle = await openFile(import.meta.filename)
  const write = vi.spyOn(Object.getPrototypeOf(handle), 'writeFile').mockImplementation(async () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  await handle.close()
  return { freed: () => write.mockRestore() }
}

story('a crash between the commit and the page is repaired at the next start', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const first = await openPublishing(app)
  await first.start()
  await first.publisher.stop()
  const { id } = await ordersDown(app, orders)
  expect(first.home().open).toEqual([])

  clock.move(1_000)
  const second = await openPublishing(app)
  await second.start()
  expect(second.home().open[0].id).toBe(id)
  expect(second.drawn()).not.toContain('/privacy/')
  await second.publisher.stop()

  const rebuilt = await openPublishing(app, 'two')
  await rebuilt.start()
  expect(rebuilt.drawn()).toContain('/privacy/')
  await rebuilt.publisher.stop()
})

story('a page that cannot be drawn keeps its old file, and is drawn as soon as it can be', async ({ app, clock }) => {
  const { orders } = await openServices(app)
  const { publisher, breakPage, home, read, drawn, start } = await openPublishing(app)
  await start()
  const before = read('revision.json').revision
  const { id } = await ordersDown(app, orders)
  breakPage('/')
  await publisher.publishChanges()
  expect(home().open).toEqual([])
  expect(read(`incidents/${id}/index.html`).id).toBe(id)
  expect(read('revision.json').revision).toBe(before)

  breakPage('')
  drawn()
  await publisher.publishChanges()
  expect(drawn()).toEqual([])
  clock.move(6_000)
  await publisher.publishChanges()
  expect(home().open[0].id).toBe(id)
  expect(read('revision.json').revision).toBe(before + 1)
  await publisher.stop()
})

story(
  'after an upgrade a page that never draws is tried now and then, and no other with it',
  async ({ app, clock }) => {
    const { orders } = await openServices(app)
    const before = await openPublishing(app)
    await before.start()
    await before.publisher.stop()

    const { publisher, breakPage, drawn, read, home, start } = await openPublishing(app, 'two')
    breakPage('/privacy/')
    await start()
    expect(drawn()).toContain('/privacy/')
    const { build } = before.read('revision.json')
    expect(read('revision.json').build, 'the next start draws everything').toBe(build)

    const look = async () => {
      await publisher.publishChanges()
      await publisher.tick()
      return drawn()
    }
    for (let i = 0; i < 5; i++) {
      expect(await look()).toEqual([])
      clock.move(900)
    }
    clock.move(1_000)
    expect(await look()).toEqual(['/privacy/'])
    expect(await look()).toEqual([])

    const { id } = await ordersDown(app, orders)
    const news = await look()
    expect(home().open[0].id).toBe(id)
    expect(news).toContain('/privacy/')
    expect(news).not.toContain('/how-we-communicate/')

    breakPage('')
    clock.move(6_000)
    expect(await look()).toEqual(['/privacy/'])
    expect(read('revision.json').build).not.toBe(build)
    expect(await look()).toEqual([])
    await publisher.stop()
  },
)

story('a record that is not the one the pages were drawn from publishes nothing over them', async ({ app }) => {
  await openServices(app)
  const first = await openPublishing(app)
  await first.start()
  await first.publisher.stop()
  await app.db.updateTable('meta').set({ value: 'anotherrecor' }).where('key', '=', 'identity').execute()
  const second = await openPublishing(app)
  expect(second.publisher.state).toBe('record-behind')
  await second.start()
  expect(second.drawn()).toEqual([])
  await second.publisher.stop()
})

story('pages that are newer than the record are left as they are until somebody says so', async ({ app }) => {
  const { orders } = await openServices(app)
  const first = await openPublishing(app)
  await first.start()
  await ordersDown(app, orders)
  await first.publisher.publishChanges()
  await first.publisher.stop()
  const file = join(first.dir, 'revision.json')
  const shown = first.read('revision.json')
  writeFileSync(file, JSON.stringify({ ...shown, revision: shown.revision + 7 }))
  const before = readFileSync(join(first.dir, 'index.html'))

  const second = await openPublishing(app)
  expect(second.publisher.state).toBe('record-behind')
  await second.start()
  await second.publisher.publishAll()
  await second.publisher.tick()
  expect(second.drawn()).toEqual([])
  expect(readFileSync(join(first.dir, 'index.html'))).toEqual(before)

  await second.publisher.publishAll({ startOver: true })
  expect(second.publisher.state).toBe('fine')
  expect(second.read('revision.json').revision).toBe(shown.revision)
  await second.publisher.stop()
})

story(
  'a full disk halves no publish: readers get it from memory, the folder keeps the last, and the cause is told',
  async ({ app, clock }) => {
    const { orders } = await openServices(app)
    const faults: (string | null)[] = []
    const { publisher, published, dir, home, read, start } = await openPublishing(app, 'one', (fault) =>
      faults.push(fault),
    )
    await start()
    const files = () =>
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => join(file.parentPath, file.name))
        .sort()
    const before = { files: files(), home: home(), revision: read('revision.json').revision }
    const disk = await fullDisk()
    try {
      const { id } = await ordersDown(app, orders)
      await publisher.publishChanges()
      expect(published.has(`/incidents/${id}/`), 'readers have it').toBe(true)
      expect(files(), 'nothing half, nothing left over').toEqual(before.files)
      expect(home()).toEqual(before.home)
      expect(read('revision.json').revision).toBe(before.revision)
      expect(faults.at(-1)).toContain('ENOSPC')

      disk.freed()
      clock.move(6_000)
      await publisher.publishChanges()
      expect(home().open[0].id).toBe(id)
      expect(read('revision.json').revision).toBe(before.revision + 1)
      expect(faults.at(-1)).toBeNull()
    } finally {
      disk.freed()
      await publisher.stop()
    }
  },
)
