import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Finished, finish, removeFiles, writeFiles } from './files.ts'
import { openSqueeze } from './squeeze.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'candor-squeeze-'))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(dir, { recursive: true })
})

const packed = () => readFileSync(join(dir, 'index.html.br'))

/** Publishes a page, and hands over the squeeze's own work once it waits for its turn. */
async function squeezed() {
  const page = await finish('/', Buffer.from(`<p>${Array.from({ length: 900 }, (_, i) => i * i).join(' ')}</p>`))
  await writeFiles(dir, [page])
  const shown: Finished[] = []
  let waiting = () => {}
  const squeeze = openSqueeze({ dir, show: (files) => shown.push(...files) }, (work) => {
    turn.resolve(work)
    return new Promise((done) => {
      waiting = done
    })
  })
  const turn = Promise.withResolvers<() => Promise<void>>()
  squeeze.add([page], [])
  vi.advanceTimersByTime(5_000)
  return { squeeze, page, shown, work: await turn.promise, end: () => waiting() }
}

it('packs a page once more when nothing is published, and shows what it wrote', async () => {
  const { page, shown, work, end } = await squeezed()
  expect(packed()).toEqual(page.br)
  await work()
  expect(packed().length).toBeLessThan(page.br!.length)
  expect(brotliDecompressSync(packed())).toEqual(page.bytes)
  expect(shown).toEqual([{ ...page, br: packed() }])
  end()
})

it('leaves a page alone that was drawn again while it was packed', async () => {
  const { squeeze, shown, work, end } = await squeezed()
  const newer = await finish('/', Buffer.from('<p>All is well again.</p>'))
  await writeFiles(dir, [newer])
  squeeze.add([newer], [])
  await work()
  expect(packed()).toEqual(newer.br)
  expect(shown).toEqual([])
  end()
})

it('writes nothing back for a page that left the folder while it was packed', async () => {
  const { squeeze, shown, work, end } = await squeezed()
  await removeFiles(dir, ['/'])
  squeeze.add([], ['/'])
  await work()
  expect(existsSync(join(dir, 'index.html.br'))).toBe(false)
  expect(shown).toEqual([])
  end()
})
