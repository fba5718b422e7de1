import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openCopy } from './copy.ts'
import { finish, writeFiles } from './files.ts'
import { folderStore } from './store.ts'

it('a copy that keeps something else than it was sent is never taken for verified', async () => {
  const room = mkdtempSync(join(tmpdir(), 'candor-copy-'))
  const dir = join(room, 'published')
  await writeFiles(dir, [await finish('/', Buffer.from('All is well.'))])
  const sound = folderStore(join(room, 'copy'))
  let spoils = true
  const spoiled: typeof sound.write = (files) =>
    sound.write(files.map((file) => (file.path === 'index.html' ? { ...file, bytes: file.bytes.subarray(1) } : file)))
  const store: typeof sound = { ...sound, write: (files) => (spoils ? spoiled(files) : sound.write(files)) }
  await expect(openCopy(dir, store, []).update('everything')).rejects.toThrow(/reads back otherwise than it was sent/)
  spoils = false
  await openCopy(dir, store, []).update('everything')
  expect((await store.read('index.html'))?.toString()).toBe('All is well.')
  rmSync(room, { recursive: true })
})
