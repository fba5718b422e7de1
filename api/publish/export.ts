import { existsSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { locales } from '#content/locales.ts'
import { type Copied, openCopy } from './copy.ts'
import { readRevisionFile } from './files.ts'
import { serverFiles } from './server-files.ts'
import { type CopiedFile, folderStore } from './store.ts'

/** Settings for the web servers that may serve a copy of a published folder from `root`. */
export function besidesOf(dir: string, publicUrl: string, root: string): CopiedFile[] {
  const below = locales.filter((locale) => existsSync(join(dir, locale, 'index.html')))
  return serverFiles({ publicUrl, below, root })
}

/**
 * Writes the published folder whole into another one, with settings for web servers. Asks nothing of the record. Goes
 * on until what was copied is one revision, however often is published meanwhile. Throws a sentence when nothing is
 * published yet, or when something else lies in the target.
 */
export async function exportPublished(dir: string, publicUrl: string, target: string): Promise<Copied> {
  const to = resolve(target)
  if (!existsSync(join(dir, 'index.html')))
    throw new Error(`Nothing is published in ${dir} yet: start the program once, or name its data folder by DATA_DIR.`)
  if (`${to}${sep}`.startsWith(`${resolve(dir)}${sep}`) || `${resolve(dir)}${sep}`.startsWith(`${to}${sep}`))
    throw new Error(`${to} and the published folder ${resolve(dir)} must not lie in each other. Choose another folder.`)
  const copy = openCopy(dir, folderStore(to), besidesOf(dir, publicUrl, to))
  const all: Copied = { sent: 0, removed: 0, revision: null }
  for (;;) {
    const before = await readRevisionFile(dir)
    const { sent, removed, revision } = await copy.update('everything').catch((error: Error) => {
      throw new Error(`${to}: ${error.message}`)
    })
    Object.assign(all, { sent: all.sent + sent, removed: all.removed + removed, revision })
    const after = await readRevisionFile(dir)
    if (before?.at === after?.at && before?.revision === after?.revision) return all
  }
}
