import type { IncomingMessage, ServerResponse } from 'node:http'
import { localeFor, locales } from '#content/locales.ts'
import type { Finished } from './files.ts'
import { cacheOf, encodingFor, forPrograms, holds, securityHeaders, tagOf, typeOf } from './headers.ts'
import { fileOf } from './places.ts'
import { type Held, openShelf } from './shelf.ts'

export interface Published {
  /**
   * Answers a GET or HEAD of a published file, and whether another site's page may read it (OPTIONS); false when there is
   * none. What is in memory is answered at once. Needs neither database nor renderer.
   */
  serve(req: IncomingMessage, res: ServerResponse): boolean | Promise<boolean>
  /** Answers that there is nothing here: the published page for it, status 404. */
  missing(req: IncomingMessage, res: ServerResponse): void
  /** Shows finished files, and hides removed ones, in one step. */
  swap(files: Finished[], removed?: string[]): void
  /** Whether a place is published. */
  has(place: string): boolean
}

/** How long a browser remembers that it may read, in seconds. */
const permitSeconds = 86_400

/** Pages that exist as files or not at all: nobody needs the renderer to learn that one is missing. */
const wholly = new RegExp(
  `^(?:/(?:${locales.join('|')}))?/(?:incidents|history|i|maintenance|components|statements|api/v2)/.`,
)

/** Opens the folder of published files; whatever lies there is served from the first moment. */
export function openPublished(dir: string, publicUrl: string): Published {
  const shelf = openShelf(dir)
  const always = securityHeaders(publicUrl)

  const answer = (req: IncomingMessage, res: ServerResponse, page: Held, status = 200) => {
    const { place, hash, encodings } = page
    const encoding = encodingFor(req.headers['accept-encoding'], encodings)
    const bytes = (encoding === 'identity' ? page.bytes : page[encoding]) ?? page.bytes
    const file = fileOf(place)
    const etag = tagOf(hash, encoding, bytes.length)
    const headers: Record<string, string | number> = {
      ...always,
      'content-type': typeOf(file),
      'cache-control': cacheOf(place),
      ...(forPrograms.test(file) ? { 'access-control-allow-origin': '*' } : {}),
      vary: place.includes('/i/') ? 'accept-encoding, accept-language' : 'accept-encoding',
      etag,
    }
    if (encoding !== 'identity') headers['content-encoding'] = encoding
    if (status === 200 && holds(req, etag)) {
      res.writeHead(304, headers)
      res.end()
      return
    }
    headers['content-length'] = bytes.length
    res.writeHead(status, headers)
    res.end(req.method === 'HEAD' ? undefined : bytes)
  }
  /** A browser asks first when another site's page reads with headers of its own (Fetch, 4.8): anybody may. */
  const permit = (res: ServerResponse) => {
    res.writeHead(204, {
      ...always,
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': '*',
      'access-control-max-age': String(permitSeconds),
    })
    res.end()
  }
  const lead = (res: ServerResponse, to: string, query: string) => {
    res.writeHead(308, { ...always, location: query ? `${to}?${query}` : to, 'content-length': 0 })
    res.end()
  }
  const missing = (req: IncomingMessage, res: ServerResponse) => {
    const first = (req.url ?? '').split('/')[1] ?? ''
    const page = shelf.held(`/${first}/404.html`) ?? shelf.held('/404.html')
    if (page) return answer(req, res, page, 404)
    res.writeHead(404, { ...always, 'content-type': 'text/plain; charset=utf-8' })
    res.end('There is nothing at this address.')
  }
  /** What is not in memory, or stands elsewhere. */
  const look = async (req: IncomingMessage, res: ServerResponse, place: string, query: string): Promise<boolean> => {
    const page = await shelf.find(place)
    if (page) {
      const own = ownLanguage(place, req)
      answer(req, res, (own && (await shelf.find(own))) || page)
      return true
    }
    const whole = place.endsWith('/') ? [] : [`${place}/`]
    for (const to of [...whole, ...[place, ...whole].flatMap((one) => languageElsewhere(one, shelf.has))])
      if (await shelf.find(to)) {
        lead(res, to, query)
        return true
      }
    if (!wholly.test(place) || !shelf.has('/')) return false
    missing(req, res)
    return true
  }

  return {
    serve(req, res) {
      const [path = '/', query] = splitOnce(req.url ?? '/')
      if (req.method === 'OPTIONS' && forPrograms.test(path) && shelf.has(path)) {
        permit(res)
        return true
      }
      if (req.method !== 'GET' && req.method !== 'HEAD') return false
      const page = shelf.held(path)
      if (!page || path.includes('/i/')) return look(req, res, lowered(path), query)
      answer(req, res, page)
      return true
    },
    missing,
    swap: shelf.show,
    has: shelf.has,
  }
}

/** Codes are written in lower case, whatever somebody types off their telephone. */
const lowered = (path: string) =>
  path.includes('/i/') ? path.toLowerCase().replace(/^\/([a-z-]+)(?=\/i\/)/, asWritten) : path
/** A language's name is the one part of such a path that has capitals: "/zh-CN". */
const asWritten = (typed: string, tag: string) => `/${localeFor(tag) ?? typed.slice(1)}`
const splitOnce = (url: string): [string, string] => {
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

/** Where a page may stand whose language is named otherwise than here: "/en/" where English stands at the root, "/zh/". */
function languageElsewhere(place: string, has: (place: string) => boolean): string[] {
  const [, named, rest = '/'] = /^\/([a-z]{2,3}(?:-[a-z]+)?)(\/.*)?$/i.exec(place) ?? []
  const locale = named && localeFor(named)
  if (!locale) return []
  const to = has(`/${locale}/`) ? `/${locale}${rest}` : rest
  return to === place ? [] : [to]
}

/** An SMS has room for one short link, so the page behind it answers in the language the browser asks for first. */
function ownLanguage(place: string, req: IncomingMessage): string | null {
  if (!place.startsWith('/i/')) return null
  for (const part of (req.headers['accept-language'] ?? '').split(',')) {
    const locale = localeFor((part.split(';')[0] ?? '').trim())
    if (locale) return `/${locale}${place}`
  }
  return null
}
