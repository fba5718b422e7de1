import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type Finished, finish, writeFiles } from './files.ts'

/**
 * Copies the built site's own files beside the pages. Their names carry a hash, so older ones stay: a page that was
 * drawn before, or is still open, goes on finding what it was drawn with.
 */
export async function copyAssets(from: string, dir: string): Promise<Finished[]> {
  const found = await readdir(from, { recursive: true, withFileTypes: true })
  const files: Finished[] = []
  for (const file of found) {
    if (!file.isFile()) continue
    const path = join(file.parentPath, file.name)
    files.push(await finish(`/${relative(from, path).replaceAll('\\', '/')}`, await readFile(path)))
  }
  await writeFiles(dir, files)
  return files
}
