import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { replaceFiles } from './files.ts'

it('several writers of one file leave one whole text and nothing else', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'candor-files-'))
  const file = join(dir, 'index.html')
  const texts = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(200_000 - i * 7_000))
  await Promise.all(texts.map((bytes) => replaceFiles([{ file, bytes }], false)))
  expect(texts).toContain(readFileSync(file, 'utf8'))
  expect(readdirSync(dir)).toEqual(['index.html'])
  rmSync(dir, { recursive: true })
})
