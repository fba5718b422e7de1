import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { XMLValidator } from 'fast-xml-parser'
import ICAL from 'ical.js'
import { houseLocale, locales } from '#content/locales.ts'
import type { Findings } from './fetched.ts'

// What leads programs about: sitemaps, robots.txt, what pages say of themselves in JSON-LD, the calendar, the badge.

export const mapReaders = [
  'sitemap@9.0.1',
  'xmllint-wasm@5.3.0',
  'robots-parser@3.0.1',
  'node-ical@0.27.2',
  'schema-dts@2.1.0',
] as const

/** What sitemaps.org allows one file. */
const placesMax = 50_000
const bytesMax = 50 * 1024 * 1024

const textOf = async (url: string) => {
  const answer = await fetch(url)
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
}

/** robots.txt and every sitemap; every page named there must answer 200. Says how many there are. */
export async function readMaps(load: NodeJS.Require, findings: Findings, address: string): Promise<number> {
  const { parseSitemap, parseSitemapIndex } = load('sitemap') as Record<
    'parseSitemap' | 'parseSitemapIndex',
    (xml: Readable) => Promise<{ url: string }[]>
  >
  const { validateXML } = load('xmllint-wasm') as {
    validateXML(options: object): Promise<{ valid: boolean; errors: { message: string }[] }>
  }
  const schema = readFileSync(join(dirname(load.resolve('sitemap/package.json')), 'schema/sitemap.xsd'), 'utf8')
  const robotsParser = load('robots-parser') as (
    url: string,
    text: string,
  ) => { isAllowed(url: string, who: string): boolean | undefined; getSitemaps(): string[] }

  const robots = robotsParser(`${address}/robots.txt`, (await textOf(`${address}/robots.txt`)).text)
  findings.same('robots.txt names the sitemap', robots.getSitemaps(), [`${address}/sitemap.xml`])
  findings.same('robots.txt lets pages be read', robots.isAllowed(`${address}/history/`, 'anybody'), true)
  findings.same('robots.txt keeps the desk apart', robots.isAllowed(`${address}/admin/`, 'anybody'), false)

  const index = await textOf(`${address}/sitemap.xml`)
  const maps =
    (await findings.runs('the index of sitemaps', () => parseSitemapIndex(Readable.from([index.text])))) ?? []
  findings.same('the index of sitemaps is within its limit', maps.length > 0 && maps.length <= placesMax, true)
  const pages: string[] = []
  for (const { url } of maps) {
    const { status, text } = await textOf(url)
    findings.same(`${url} answers`, status, 200)
    const xml = [{ fileName: 'map.xml', contents: text }]
    const { valid, errors } = await validateXML({ xml, schema: [{ fileName: 'sitemap.xsd', contents: schema }] })
    findings.same(`${url} by the schema of sitemaps.org`, [valid, errors], [true, []])
    const found = (await findings.runs(`${url} is read`, () => parseSitemap(Readable.from([text])))) ?? []
    const fits = found.length <= placesMax && Buffer.byteLength(text) <= bytesMax
    findings.same(`${url} is within its limits`, fits, true)
    pages.push(...found.map((one) => one.url))
  }
  findings.same('no page stands in two sitemaps', new Set(pages).size, pages.length)
  for (const url of pages) findings.same(`${url} stands in a sitemap and answers`, (await fetch(url)).status, 200)
  return pages.length
}

/** JSON-LD of pages, compiled against the types of schema.org's vocabulary: each name and each type is a real one. */
export async function compileLinkedData(load: NodeJS.Require, findings: Findings, urls: string[]): Promise<void> {
  const dir = dirname(load.resolve('schema-dts/package.json'))
  const lines: string[] = []
  for (const url of urls) {
    const found = [...(await textOf(url)).text.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/gs)]
    findings.same(`${url} says what it is`, found.length, 1)
    for (const [, text = ''] of found) {
      const data = JSON.parse(text) as { '@type': string }
      const types = `WithContext<import('schema-dts').${data['@type']}>`
      lines.push(`export const d${lines.length}: ${types} = ${JSON.stringify(data)}`)
    }
  }
  const file = join(dir, '../linked-data.ts')
  writeFileSync(file, `import type { WithContext } from 'schema-dts'\n${lines.join('\n')}\n`)
  const tsc = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc')
  const strict = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'esnext',
  ]
  const said = await promisify(execFile)(process.execPath, [tsc, ...strict, file], { cwd: dirname(file) }).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  )
  findings.same('JSON-LD by the vocabulary of schema.org', said, '')
}

/** The calendar in every language, by two parsers. `ids` are the maintenances it must hold. */
export async function readCalendar(
  load: NodeJS.Require,
  findings: Findings,
  address: string,
  windows: { id: string; startsAt: string; endsAt: string }[],
) {
  const { sync } = load('node-ical') as {
    sync: { parseICS(text: string): Record<string, { type: string; start: Date; end: Date; url: unknown } | undefined> }
  }
  for (const locale of locales) {
    const url = `${address}${locale === houseLocale ? '' : `/${locale}`}/maintenance.ics`
    const { type, text } = await textOf(url)
    findings.same(`${url} is served as`, type, 'text/calendar; charset=utf-8')
    const events = await findings.runs(`ical.js ${url}`, () =>
      new ICAL.Component(ICAL.parse(text)).getAllSubcomponents('vevent'),
    )
    const parsed = await findings.runs(`node-ical ${url}`, () => sync.parseICS(text))
    const found = Object.values(parsed ?? {}).filter((one) => one?.type === 'VEVENT')
    findings.same(`${url}: both parsers find the same`, found.length, events?.length)
    for (const { id, startsAt, endsAt } of windows) {
      const event = found.find((one) => JSON.stringify(one?.url).includes(id))
      // A calendar knows no smaller unit of time than the second.
      const seconds = (at: string | undefined) => Math.floor(Date.parse(at ?? '') / 1_000)
      const times = [event?.start.toISOString(), event?.end.toISOString()].map(seconds)
      findings.same(`${url} holds ${id}`, times, [startsAt, endsAt].map(seconds))
    }
  }
}

/** The badge in every language is a picture with words. */
export async function readBadges(findings: Findings, address: string): Promise<void> {
  for (const locale of locales) {
    const url = `${address}${locale === houseLocale ? '' : `/${locale}`}/badge.svg`
    const { type, text } = await textOf(url)
    findings.same(`${url} is served as`, type, 'image/svg+xml')
    findings.same(`${url} is well-formed`, XMLValidator.validate(text), true)
    findings.same(`${url} says what it shows`, /<title>[^<]+<\/title>/.test(text), true)
  }
}
