import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join, relative } from 'node:path'
import { isLocale, locales } from '#content/locales.ts'
import { type Finished, hashOf } from './files.ts'
import { cacheOf, type Encoding, encodingFor, forPrograms, holds, securityHeaders, typeOf } from './headers.ts'
import { fileOf, placeOf } from './places.ts'

/** Memory that published pages may take, in bytes; what does not fit is streamed from the folder. */
const memoryBytesMax = 64 * 1024 * 1024

export interface Published {
  /** Answers a GET or HEAD of a published file; false when there is none. Needs neither database nor renderer. */
  serve(req: IncomingMessage, res: ServerResponse): boolean
  /** Answers that there is nothing here: the published page for it, status 404. */
  missing(req: IncomingMessage, res: ServerResponse): void
  /** Shows finished files, and hides removed ones, in one step. */
  swap(files: Finished[], removed?: string[]): void
  /** Whether a place is published. */
  has(place: string): boolean
}

/** Where a page lies and, when it is in memory, all of it. */
interface Entry {
  file: string
  encodings: Encoding[]
  hash: string | null
  memory: Finished | null
}

const endings: Record<Encoding, string> = { br: '.br', gzip: '.gz', identity: '' }
/** Pages that exist as files or not at all: nobody needs the renderer to learn that one is missing. */
const wholly = new RegExp(`^(?:/(?:${locales.join('|')}))?/(?:incidents|history|i|maintenance|components|api/v2)/.`)

/** Opens the folder of published files; whatever lies there is served from the first moment. */
export function openPublished(dir: string, publicUrl: string): Published {
  const entries = new Map<string, Entry>()
  const always = securityHeaders(publicUrl)
  let memoryBytes = 0

  const hold = (place: string, file: Finished) => {
    release(place)
    const encodings = (['br', 'gzip', 'identity'] as const).filter((name) => bytesOf(file, name))
    entries.delete(place)
    entries.set(place, {
      file: join(dir, fileOf(place)),
      encodings,
      hash: file.hash,
      memory: file,
    })
    memoryBytes += sizeOf(file)
  }
  const release = (place: string) => {
    const entry = entries.get(place)
    if (!entry?.memory) return
    memoryBytes -= sizeOf(entry.memory)
    entry.memory = null
  }
  /** The pages published longest ago leave memory first; first pages and feeds stay. */
  const shrink = () => {
    for (const place of entries.keys()) {
      if (memoryBytes <= memoryBytesMax) return
      if (!isFirst(place)) release(place)
    }
  }
  load(dir, entries, hold, () => memoryBytes)

  const answer = (req: IncomingMessage, res: ServerResponse, place: string, entry: Entry, status = 200) => {
    const encoding = encodingFor(req.headers['accept-encoding'], entry.encodings)
    const headers: Record<string, string | number> = {
      ...always,
      'content-type': typeOf(entry.file),
      'cache-control': cacheOf(place),
      ...(forPrograms.test(entry.file) ? { 'access-control-allow-origin': '*' } : {}),
      vary: place.includes('/i/') ? 'accept-encoding, accept-language' : 'accept-encoding',
    }
    if (encoding !== 'identity') headers['content-encoding'] = encoding
    if (entry.memory) {
      const bytes = bytesOf(entry.memory, encoding) ?? entry.memory.bytes
      return send(req, res, status, headers, tagOf(entry.memory.hash, encoding, bytes.length), bytes)
    }
    void stream(req, res, status, headers, entry, encoding).catch(() => res.destroy())
  }

  return {
    serve(req, res) {
      if (req.method !== 'GET' && req.method !== 'HEAD') return false
      const [path = '/', query] = splitOnce(req.url ?? '/')
      const place = path.includes('/i/') ? path.toLowerCase().replace('/zh-cn/', '/zh-CN/') : path
      const entry = entries.get(place)
      if (entry) {
        const own = ownLanguage(place, req, entries)
        answer(req, res, own, entries.get(own) ?? entry)
        return true
      }
      if (!place.endsWith('/') && entries.has(`${place}/`)) {
        res.writeHead(308, { ...always, location: `${place}/${query ? `?${query}` : ''}`, 'content-length': 0 })
        res.end()
        return true
      }
      const named = languageElsewhere(place, entries)
      if (named) {
        res.writeHead(308, { ...always, location: query ? `${named}?${query}` : named, 'content-length': 0 })
        res.end()
        return true
      }
      if (!wholly.test(place) || !entries.has('/')) return false
      this.missing(req, res)
      return true
    },
    missing(req, res) {
      const first = (req.url ?? '').split('/')[1] ?? ''
      const place = [`/${first}/404.html`, '/404.html'].find((page) => entries.has(page))
      const entry = place && entries.get(place)
      if (entry) return answer(req, res, place, entry, 404)
      res.writeHead(404, { ...always, 'content-type': 'text/plain; charset=utf-8' })
      res.end('There is nothing at this address.')
    },
    swap(files, removed = []) {
      for (const file of files) hold(file.place, file)
      for (const place of removed) {
        release(place)
        entries.delete(place)
      }
      shrink()
    },
    has: (place) => entries.has(place),
  }
}

const sizeOf = (file: Finished) => file.bytes.length + (file.br?.length ?? 0) + (file.gzip?.length ?? 0)
const bytesOf = (file: Finished, encoding: Encoding) => (encoding === 'identity' ? file.bytes : file[encoding])
const isFirst = (place: string) => place.split('/').length <= 3
const splitOnce = (url: string): [string, string] => {
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

/** A strong tag: the content, and how it is packed. The part before the dash changes with the content alone. */
const tagOf = (hash: string, encoding: Encoding, size: number) =>
  `"${hash}${encoding === 'identity' ? '' : `-${encoding}${size}`}"`

/** Where a page stands whose language is named otherwise than here: "/en/" where English stands at the root, "/zh/". */
function languageElsewhere(place: string, entries: Map<string, Entry>): string | null {
  const [, named, rest = '/'] = /^\/(en|zh|zh-cn)(\/.*)?$/i.exec(place) ?? []
  if (!named) return null
  const locale = /^zh/i.test(named) ? 'zh-CN' : 'en'
  const to = entries.has(`/${locale}/`) ? `/${locale}${rest}` : rest
  return to !== place && entries.has(to) ? to : null
}

/** An SMS has room for one short link, so the page behind it answers in the language the browser asks for first. */
function ownLanguage(place: string, req: IncomingMessage, entries: Map<string, Entry>): string {
  if (!place.startsWith('/i/')) return place
  for (const part of (req.headers['accept-language'] ?? '').split(',')) {
    const asked = (part.split(';')[0] ?? '').trim()
    const locale = /^zh\b/i.test(asked) ? 'zh-CN' : (asked.split('-')[0] ?? '')
    if (!isLocale(locale)) continue
    return entries.has(`/${locale}${place}`) ? `/${locale}${place}` : place
  }
  return place
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  headers: Record<string, string | number>,
  etag: string,
  bytes: Buffer,
): void {
  if (status === 200 && holds(req, etag)) {
    res.writeHead(304, { ...headers, etag })
    res.end()
    return
  }
  res.writeHead(status, { ...headers, etag, 'content-length': bytes.length })
  res.end(req.method === 'HEAD' ? undefined : bytes)
}

async function stream(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  headers: Record<string, string | number>,
  entry: Entry,
  encoding: Encoding,
): Promise<void> {
  entry.hash ??= hashOf(await readFile(entry.file))
  const file = entry.file + endings[encoding]
  const { size } = await stat(file)
  const etag = tagOf(entry.hash, encoding, size)
  if (status === 200 && holds(req, etag)) {
    res.writeHead(304, { ...headers, etag })
    res.end()
    return
  }
  res.writeHead(status, { ...headers, etag, 'content-length': size })
  if (req.method === 'HEAD') res.end()
  else
    createReadStream(file)
      .on('error', () => res.destroy())
      .pipe(res)
}

/** Finds what lies in the folder and takes first pages, then the youngest, into memory. */
function load(
  dir: string,
  entries: Map<string, Entry>,
  hold: (place: string, file: Finished) => void,
  used: () => number,
): void {
  if (!existsSync(dir)) return
  const names = new Set(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && !/\.tmp$/.test(file.name))
      .map((file) => relative(dir, join(file.parentPath, file.name)).replaceAll('\\', '/')),
  )
  const found = [...names]
    .filter((name) => !/\.(br|gz)$/.test(name) && name !== 'revision.json')
    .map((name) => ({ name, place: placeOf(name), age: statSync(join(dir, name)).mtimeMs }))
    .sort((a, b) => Number(isFirst(a.place)) - Number(isFirst(b.place)) || a.age - b.age)
  for (const { name, place } of found) {
    const encodings = (['br', 'gzip', 'identity'] as const).filter((encoding) => names.has(name + endings[encoding]))
    entries.set(place, { file: join(dir, name), encodings, hash: null, memory: null })
  }
  for (const { name, place } of found.toReversed()) {
    if (used() > memoryBytesMax) return
    const read = (end: string) => (names.has(name + end) ? readFileSync(join(dir, name + end)) : null)
    const bytes = readFileSync(join(dir, name))
    hold(place, { place, bytes, br: read('.br'), gzip: read('.gz'), hash: hashOf(bytes) })
  }
}
