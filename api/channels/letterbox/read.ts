import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Message } from '../channel.ts'
import { headFile, type LetterFile, type LetterHead, unzip } from './letterbox.ts'

interface LetterQuery {
  channel?: string | undefined
  /** Part of an address. */
  address?: string | undefined
  /** The id of the last letter seen. */
  cursor?: string | undefined
  limit: number
}

/** A letter as it was written. */
export type Letter = LetterHead & Omit<Message, 'subject' | 'locale'>

const idShape = /^([0-9a-f]{24})\.(\d{1,3})$/

/** The newest letters first; `next` is the cursor of the next page, or null. A missing folder is an empty letterbox. */
export async function listLetters(
  dir: string,
  query: LetterQuery,
): Promise<{ data: LetterHead[]; next: string | null }> {
  const files = (await readdir(join(dir, 'heads')).catch((): string[] => []))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .reverse()
  const after = query.cursor === undefined ? null : await placeOf(dir, query.cursor)
  const data: LetterHead[] = []
  for (const file of files) {
    if (after && file > after.file) continue
    const heads = JSON.parse(await readFile(join(dir, 'heads', file), 'utf8')) as LetterHead[]
    for (const [position, head] of heads.entries()) {
      if (after && file === after.file && position <= after.position) continue
      if (query.channel && head.channel !== query.channel) continue
      if (query.address && !head.address.includes(query.address)) continue
      if (data.length === query.limit) return { data, next: data.at(-1)!.id }
      data.push(head)
    }
  }
  return { data, next: null }
}

async function placeOf(dir: string, id: string): Promise<{ file: string; position: number } | null> {
  const found = await openFile(dir, id)
  return found && { file: headFile(found.letter.at, found.name), position: found.position }
}

async function openFile(dir: string, id: string) {
  const [, name, position] = idShape.exec(id) ?? []
  if (!name) return null
  try {
    const letter = JSON.parse(
      (await unzip(await readFile(join(dir, `${name}.json.gz`)))).toString('utf8'),
    ) as LetterFile
    return { name, position: Number(position), letter }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** One letter as it would have been sent; null when there is none. */
export async function readLetter(dir: string, id: string): Promise<Letter | null> {
  const found = await openFile(dir, id)
  const message = found?.letter.messages[found.position]
  if (!found || !message) return null
  const { at, channel } = found.letter
  return { ...message, id, at, channel, subject: message.subject ?? null }
}
