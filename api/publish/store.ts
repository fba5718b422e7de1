import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import type { MirrorConfig, S3Config } from '#api/config-mirrors.ts'
import { secondMs } from '#api/lib/time.ts'
import { draftsFolder, replaceFiles } from './files.ts'
import { cacheOf, typeOf } from './headers.ts'
import { placeOf } from './places.ts'

/** A file of the published folder, by its path in it. */
export interface CopiedFile {
  path: string
  bytes: Buffer
}

/** Where a copy is kept. Every method throws a sentence without secrets when it cannot do its work. */
export interface Store {
  /** Whether a web server reads it, which wants packed forms and its own settings beside the pages. */
  served: boolean
  /** Null where there is none. */
  read(path: string): Promise<Buffer | null>
  /** Writes all of them; each is whole or as it was at every moment. In this order where they cannot appear at once. */
  write(files: CopiedFile[]): Promise<void>
  remove(paths: string[]): Promise<void>
  /** Whether anything lies there, when that can be told. */
  used(): Promise<boolean>
}

/** A folder of this machine, or one that another lends to it. Files of one write appear together. */
export const folderStore = (dir: string): Store => ({
  served: true,
  read: (path) => readFile(join(dir, path)).catch(noFile(null)),
  write: (files) =>
    replaceFiles(
      dir,
      files.map(({ path, bytes }) => ({ file: join(dir, path), bytes })),
      true,
    ),
  async remove(paths) {
    for (const path of paths) await rm(join(dir, path), { force: true })
  },
  used: () => readdir(dir).then((names) => names.some((name) => name !== draftsFolder), noFile(false)),
})

/** For a catch: what takes the place of a file that is not there. */
const noFile =
  <T>(instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return instead
    throw error
  }

/** How long one request to a storage may take, in milliseconds. */
const requestWithinMs = 30 * secondMs
/** Requests under way at once. */
const together = 8

/** Does work of which each waits for an answer, a few at a time. */
export async function inSteps<T>(list: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < list.length; from += together)
    await Promise.all(list.slice(from, from + together).map(work))
}

/** A bucket of storage that speaks S3 (requests signed by AWS Signature Version 4, addresses with the bucket in the path). */
export function s3Store(config: S3Config, stopping: AbortSignal): Store {
  const client = new AwsClient({
    accessKeyId: config.accessKey,
    secretAccessKey: config.secretKey,
    region: config.region,
    service: 's3',
    retries: 0,
  })
  const ask = async (method: string, path: string, file?: CopiedFile): Promise<Response> => {
    const signal = AbortSignal.any([AbortSignal.timeout(requestWithinMs), stopping])
    const headers = {
      'x-amz-content-sha256': createHash('sha256')
        .update(file?.bytes ?? '')
        .digest('hex'),
    }
    const place = placeOf(path)
    const said = { 'content-type': typeOf(path), 'cache-control': cacheOf(place) }
    const answer = await client
      .fetch(`${config.address}/${path}`, {
        method,
        redirect: 'error',
        signal,
        headers: file ? { ...headers, ...said } : headers,
        ...(file ? { body: new Uint8Array(file.bytes) } : {}),
      })
      .catch((error: Error) => {
        const { message } = (error.cause ?? error) as Error
        throw new Error(`${config.name} does not answer: ${message}`)
      })
    if (!answer.ok && answer.status !== 404) {
      const code = /<Code>([A-Za-z]+)<\/Code>/.exec(await answer.text())?.[1]
      // Without the right to list a bucket, this is what storage says of a name that is not in it.
      if (method === 'GET' && code === 'AccessDenied') return new Response(null, { status: 404 })
      throw new Error(`${config.name} answered ${answer.status}${code ? ` (${code})` : ''} to ${method} ${path}.`)
    }
    return answer
  }
  return {
    served: false,
    async read(path) {
      const answer = await ask('GET', path)
      const bytes = Buffer.from(await answer.arrayBuffer())
      return answer.ok ? bytes : null
    },
    write: (files) =>
      inSteps(files, async (file) => {
        const answer = await ask('PUT', file.path, file)
        await answer.body?.cancel()
        if (!answer.ok) throw new Error(`${config.name} has no such bucket, or does not take ${file.path}.`)
      }),
    remove: (paths) => inSteps(paths, async (path) => (await ask('DELETE', path)).body?.cancel()),
    // A prefix is never listed: nothing is removed from it but what a copy's own list names.
    used: () => Promise.resolve(false),
  }
}

export const openStore = (mirror: MirrorConfig, stopping: AbortSignal): Store =>
  mirror.kind === 'folder' ? folderStore(mirror.path) : s3Store(mirror, stopping)
