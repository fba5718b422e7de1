import type { Site } from '#api/site.ts'
import { choiceOf } from '#api/subscribers/choice.ts'
import type { Words } from '#content/locales.ts'
import { isLocale, type Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { plain } from './said.ts'

/** What stands in a form of the subscribe pages: as typed, to be shown again when it is refused. */
export interface Typed {
  channel: string
  address: string
  /** Of a webhook or a chat: who answers for it, and a secret of its own. */
  owner: string
  secret: string
  components: string[]
  /** Chose services and ticked none. */
  noneTicked: boolean
  locale: string
  code: string
  /** A field that people do not see. */
  website: string
}

export const nothingTyped: Typed = {
  channel: '',
  address: '',
  owner: '',
  secret: '',
  components: [],
  noneTicked: false,
  locale: '',
  code: '',
  website: '',
}

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/**
 * Reads a form. Ticked services are meant, whichever of the two choices stands above them, except where the form came
 * with services chosen and the choice was moved away from them.
 */
export function typedIn(form: FormData): Typed {
  const ticked = form.getAll('components').filter((value): value is string => typeof value === 'string' && value !== '')
  const movedAway = text(form, 'what') === 'everything' && form.has('drawn')
  return {
    channel: text(form, 'channel'),
    address: text(form, 'address'),
    owner: text(form, 'owner'),
    secret: text(form, 'secret'),
    components: movedAway ? [] : ticked,
    noneTicked: text(form, 'what') === 'services' && !ticked.length,
    locale: text(form, 'locale'),
    code: text(form, 'code'),
    website: text(form, 'website'),
  }
}

/** What a request carries as a form; an empty one when it carries none or one that cannot be read. */
export async function formOf(request: Request): Promise<FormData> {
  try {
    return await request.formData()
  } catch {
    return new FormData()
  }
}

export type EndpointChannel = 'webhook' | 'slack' | 'feishu'
type Way = 'email' | 'sms' | EndpointChannel
export const isEndpoint = (channel: string): channel is EndpointChannel => choiceOf(channel) === 'endpoint'

/** A masked address as its owner knows it: of a webhook or a chat only the last letters are shown, so its kind stands before them. */
export const addressOf = (locale: Locale, { channel, address }: { channel: string; address: string }): string =>
  isEndpoint(channel) ? `${wordsOf(locale).subscribe.endpoint.kinds[channel]} ${address}` : address

/** What an address is for: a link of Slack's or Feishu's names its kind, any other a webhook; a mail address has an @, a number has none. */
export function channelOf(address: string): Way {
  if (/^\s*https?:/i.test(address)) {
    const host = URL.canParse(address) ? new URL(address).hostname : ''
    if (/(^|\.)slack(-gov)?\.com$/.test(host)) return 'slack'
    return /(^|\.)(feishu\.cn|larksuite\.com)$/.test(host) ? 'feishu' : 'webhook'
  }
  return /[@＠]/.test(address) ? 'email' : 'sms'
}

export interface Refusal {
  status: 400 | 404 | 409 | 422 | 429 | 503
  fields: string[]
}

/** What the API refused. Anything that is no refusal of what was sent is "not now". */
export async function refusalOf(answer: { status: number; json(): Promise<unknown> }): Promise<Refusal> {
  const known = ([400, 404, 409, 422, 429] as const).find((status) => status === answer.status)
  if (!known) return { status: 503, fields: [] }
  try {
    const body = (await answer.json()) as { error?: { fields?: Record<string, string> } }
    return { status: known, fields: Object.keys(body.error?.fields ?? {}) }
  } catch {
    return { status: known, fields: [] }
  }
}

/** What a form is refused for whose second choice has no services; the API never sees it, where none means everything. */
export const noneTicked: Refusal = { status: 422, fields: ['services'] }

/** A sentence for the person, and the field it stands at; no field when it is about the whole. */
export interface Problem {
  field: 'address' | 'owner' | 'code' | 'services' | null
  sentence: string
}

export interface Offer {
  channels: { name: Way; open: boolean }[]
  countries: string[]
  example: string
}

/** "China or Singapore" in a language. */
export const countriesIn = (locale: Locale, countries: readonly string[]): string => {
  const names = new Intl.DisplayNames(locale, { type: 'region' })
  return new Intl.ListFormat(locale, { type: 'disjunction' }).format(countries.map((code) => names.of(code) ?? code))
}

/** What the address of a webhook or a chat looks like. */
const examples: Record<EndpointChannel, string> = {
  webhook: 'https://example.com/status-webhook',
  slack: 'https://hooks.slack.com/services/…',
  feishu: 'https://open.feishu.cn/open-apis/bot/v2/hook/…',
}

export function problemOf(refusal: Refusal, locale: Locale, channel: string, offer: Offer): Problem {
  const { problems } = wordsOf(locale).subscribe
  if (refusal.status === 429) return { field: null, sentence: problems.tooMany }
  if (refusal.status === 503) return { field: null, sentence: problems.busy }
  const [first = ''] = refusal.fields.map((field) => field.split('.')[0] ?? '')
  if (first === 'owner') return { field: 'owner', sentence: problems.owner }
  if (first === 'address' && isEndpoint(channel)) {
    const { kinds } = wordsOf(locale).subscribe.endpoint
    return { field: 'address', sentence: fill(problems.endpoint, { kind: kinds[channel], example: examples[channel] }) }
  }
  if (first === 'address') {
    const phone = fill(problems.phone, { countries: countriesIn(locale, offer.countries), example: offer.example })
    return { field: 'address', sentence: channel === 'sms' ? phone : problems.email }
  }
  if (first === noneTicked.fields[0]) return { field: 'services', sentence: problems.services }
  if (first === 'code') return { field: 'code', sentence: problems.code }
  if (first === 'channel') return { field: null, sentence: problems.channel }
  if (first === 'components') return { field: null, sentence: problems.components }
  return { field: null, sentence: problems.general }
}

export interface ChoosableGroup {
  id: string
  name: Words
  components: { id: string; name: Words }[]
}

/** What a subscription brings, in the words of the form. */
export function describe(
  locale: Locale,
  { channel, componentIds }: { channel: string; componentIds: readonly string[] },
  groups: readonly ChoosableGroup[],
): string {
  const words = wordsOf(locale).subscribe
  const choice = words.choice[choiceOf(channel)]
  const names = groups.flatMap((group) => group.components).filter(({ id }) => componentIds.includes(id))
  if (!names.length) return choice.everythingShort
  return fill(choice.servicesShort, { services: names.map(({ name }) => plain(name, locale)).join(words.list) })
}

/**
 * The language of a page behind a link: the one its path names, or the subscriber's own, for links in mails name none.
 * A switch of language on such a page asks for the path's (`chosenMark`), the site's own among them.
 */
export const chosenMark = '?chosen'
export const languageOf = (
  url: URL,
  inPath: string | undefined,
  own: Locale | undefined,
  site: Pick<Site, 'defaultLocale'>,
): Locale =>
  inPath !== undefined && isLocale(inPath)
    ? inPath
    : ((url.searchParams.has(chosenMark.slice(1)) ? undefined : own) ?? site.defaultLocale)

/** Pages of one person: not kept, not found, and their address is told to nobody. */
export function keepPrivate(headers: Headers): void {
  headers.set('cache-control', 'no-store')
  headers.set('referrer-policy', 'no-referrer')
  headers.set('x-robots-tag', 'noindex')
}

/**
 * Remembers, for the page that follows, which way was chosen and what was typed, so that a mistake is seen and a number
 * need not be typed again with its code. It holds what came from the reader and nothing that we know of the address.
 */
export const typedCookie = 'candor-typed'
export const typedCookieValue = (channel: string, address: string, asked: 'first' | 'again' = 'first'): string =>
  JSON.stringify([channel, address.trim(), asked])
const typedSeconds = 600
export const typedCookieOptions = (publicUrl: string) =>
  ({
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: publicUrl.startsWith('https:'),
    maxAge: typedSeconds,
  }) as const

/** What was remembered; nothing when the cookie is not ours. */
export function remembered(cookie: string | undefined): {
  channel: 'email' | 'sms' | null
  address: string
  again: boolean
} {
  try {
    const [channel, address = '', asked]: unknown[] = JSON.parse(cookie ?? '[]')
    if ((channel === 'email' || channel === 'sms') && typeof address === 'string')
      return { channel, address, again: asked === 'again' }
  } catch {
    // As if there were none.
  }
  return { channel: null, address: '', again: false }
}
