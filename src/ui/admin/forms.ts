import { pagePermission } from '#api/accounts/permissions.ts'
import { houseLocale, type Locale } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'

/** The largest form the desk takes, in bytes. */
const formBytesMax = 256 * 1024

/** Fields that travel through a new sign-in bear this in front of their name; the last one says where they belong. */
export const carriedPrefix = 'draft.'
export const carriedTo = 'draft-to'

/** A posted form; null when it is too large, whatever its length header says. */
export async function readForm(request: Request): Promise<FormData | null> {
  if (Number(request.headers.get('content-length') ?? 0) > formBytesMax) return null
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of request.body ?? []) {
    size += part.byteLength
    if (size > formBytesMax) return null
    parts.push(part)
  }
  const type = request.headers.get('content-type') ?? ''
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(type)) return new FormData()
  try {
    return await new Response(Buffer.concat(parts), { headers: { 'content-type': type } }).formData()
  } catch {
    return new FormData()
  }
}

/** The fields of a form that came through a new sign-in, under their own names. */
export const carriedFrom = (form: FormData): [string, string][] =>
  [...form]
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0].startsWith(carriedPrefix))
    .map(([name, value]) => [name.slice(carriedPrefix.length), value])

/** One line of a form, without its ends. */
export const field = (form: FormData | null, name: string): string => {
  const value = form?.get(name)
  return typeof value === 'string' ? value.replace(/\r\n?/g, '\n').trim() : ''
}

/** An address of the desk that may be gone to after signing in; anything else, and everything outside, is the desk itself. */
export function safeNext(next: string, method: 'GET' | 'POST' = 'GET'): string {
  const inside = /^\/admin(\/[\w./-]*)?(\?[\w=&%.:+-]*)?$/.test(next) && !next.includes('..') && !next.includes('//')
  const path = next.split('?')[0] ?? ''
  const known = inside && pagePermission(method, path)
  return known && !path.startsWith('/admin/sign-') ? next : '/admin'
}

/** What an answer of the API complains about; null when it does not. */
export async function problemOf(response: {
  ok: boolean
  status: number
  json(): Promise<unknown>
}): Promise<{ status: number; message: string; fields: Record<string, string> } | null> {
  if (response.ok) return null
  const body: unknown = await response.json().catch(() => null)
  const error = isRecord(body) && isRecord(body.error) ? body.error : {}
  const message =
    typeof error.message === 'string' ? error.message : 'Something went wrong on our side. Nothing was changed.'
  const fields: Record<string, string> = {}
  if (isRecord(error.fields))
    for (const [name, sentence] of Object.entries(error.fields))
      if (typeof sentence === 'string') fields[name] = sentence
  return { status: response.status, message, fields }
}

/** The language of a sentence that the desk shows: the API refuses in English, whatever language the desk is in. */
export function saidIn(sentence: string, locale: Locale): Locale {
  if (locale === houseLocale) return locale
  const own =
    new Intl.Locale(locale).maximize().script === 'Latn'
      ? isLabel(sentence, wordsOf(locale))
      : /[^\P{L}\p{Script=Latin}]/u.test(sentence)
  return own ? locale : houseLocale
}

/** Whether a sentence is one of a language's labels, with anything in its braces: English letters tell nothing there. */
function isLabel(sentence: string, labels: unknown): boolean {
  if (typeof labels === 'object' && labels !== null)
    return Object.values(labels).some((label) => isLabel(sentence, label))
  if (typeof labels !== 'string' || !/\p{L}{2}/u.test(labels.replace(/\{\w+\}/g, ''))) return false
  const parts = labels.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(sentence)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The API could not answer what a page is made of; the message is its own sentence. */
export class Unanswered extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** What the API answered where only a page that was allowed asks; anything but an answer ends this page. */
export async function bodyOf<R extends { ok: boolean; status: number; json(): Promise<unknown> }>(
  response: R,
): Promise<Answered<R>> {
  const problem = await problemOf(response)
  if (problem) throw new Unanswered(problem.message, problem.status)
  return (await response.json()) as Answered<R>
}
type Answered<R extends { json(): Promise<unknown> }> = Exclude<Awaited<ReturnType<R['json']>>, { error: unknown }>

/** The address somebody looks for; a phone number may be written with spaces, hyphens and parentheses. */
export function soughtAddress(asked: URLSearchParams): string {
  const address = (asked.get('address') ?? '').trim()
  return /^\+?[\d\s().-]+$/.test(address) ? address.replace(/[\s().-]/g, '') : address
}
