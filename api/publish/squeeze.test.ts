import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Finished, finish, writeFiles } from './files.ts'
import { openPublished } from './published.ts'
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
  const published = openPublished(dir, 'https://status.hezhou.example')
  const put = async (file: Finished) => {
    published.swap([file])
    await writeFiles(dir, [file])
  }
  const page = await finish('/', Buffer.from(`<p>${Array.from({ length: 900 }, (_, i) => i * i).join(' ')}</p>`))
  await put(page)
  let waiting = () => {}
  const turn = new Promise<() => Promise<void>>((resolve) => {
    const squeeze = openSqueeze(published, (work) => {
      resolve(work)
      return new Promise((done) => {
        waiting = done
      })
    })
    squeeze.add([page])
    vi.advanceTimersByTime(5_000)
  })
  return { published, put, page, work: await turn, end: () => waiting() }
}

it('packs a page once more when nothing is published, and serves what it wrote', async () => {
  const { published, page, work, end } = await squeezed()
  expect(packed()).toEqual(page.br)
  await work()
  expect(packed().length).toBeLessThan(page.br!.length)
  expect(brotliDecompressSync(packed())).toEqual(page.bytes)
  expect(published.held('/', page.hash)?.br).toEqual(packed())
  end()
})

it('leaves a page alone that was drawn again while it was packed', async () => {
  const { put, work, end } = await squeezed()
  const newer = await finish('/', Buffer.from('<p>All is well again.</p>'))
  await put(newer)
  await work()
  expect(packed()).toEqual(newer.br)
  end()
})
