import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { draftsFolder, replaceFiles } from './files.ts'
import { folderStore } from './store.ts'

const filesIn = (dir: string) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

it('several writers of one file leave one whole text and nothing else', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'candor-files-'))
  const file = join(dir, 'index.html')
  const texts = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(200_000 - i * 7_000))
  await Promise.all(texts.map((bytes) => replaceFiles(dir, [{ file, bytes }], false)))
  expect(texts).toContain(readFileSync(file, 'utf8'))
  expect(filesIn(dir)).toEqual(['index.html'])
  rmSync(dir, { recursive: true })
})

it('what a killed writer left is cleared away, what another one writes now is not, and neither takes a place', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'candor-files-'))
  const drafts = join(dir, draftsFolder)
  mkdirSync(drafts)
  for (const [name, minutesAgo] of [
    ['killed.tmp', 61],
    ['living.tmp', 1],
  ] as const) {
    writeFileSync(join(drafts, name), 'half a pa')
    const then = Date.now() / 1_000 - minutesAgo * 60
    utimesSync(join(drafts, name), then, then)
  }
  // A copy whose first writer was killed is nobody else's.
  expect(await folderStore(dir).used()).toBe(false)
  await replaceFiles(dir, [{ file: join(dir, 'incidents/abc/index.html'), bytes: 'whole' }], false)
  expect(filesIn(dir).sort()).toEqual(['index.html', 'living.tmp'])
  expect(await folderStore(dir).used()).toBe(true)
  rmSync(dir, { recursive: true })
})
