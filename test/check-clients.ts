import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StatusDocument } from '#api/status/document.ts'
import { houseLocale, locales } from '#content/locales.ts'
import { feedParsers, readFeed } from './clients/feeds.ts'
import { fetchPackages, openFindings } from './clients/fetched.ts'
import { compileLinkedData, mapReaders, readBadges, readCalendar, readMaps } from './clients/maps.ts'
import * as statuspage from './clients/statuspage.ts'
import { eventually, exploreDemonstration } from './pages/world.ts'
import { launchBrowser } from './support/chromium.ts'
import { freePort } from './support/postgres.ts'
import { startRunning } from './support/program.ts'

// `npm run check:clients` lets programs of others read the demonstration, unmodified and as npm has them: four clients of
// Atlassian Statuspage's API, five feed parsers, and readers of sitemaps, calendars and JSON-LD. They look at the worst
// evening, at texts that try to break out, at a calm page and at a maintenance that has begun. npm fetches them for this
// command alone. Ends with 1 when one of them finds something else than our own public read API says.

const room = mkdtempSync(join(tmpdir(), 'candor-clients-'))
const packages = [...statuspage.statuspageClients, ...feedParsers, ...mapReaders]
console.log(`Fetching ${packages.join(', ')} …`)
const load = await fetchPackages(join(room, 'packages'), packages)
const program = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: join(room, 'data') }, await freePort())
const browser = await launchBrowser()
const { address } = program
const findings = openFindings()
const token = /^API token +(\S+)$/m.exec(program.printed())?.[1]

async function ask<T>(path: string, data?: object): Promise<T> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const answer = await fetch(
    address + path,
    data ? { method: 'POST', headers, body: JSON.stringify(data) } : { headers },
  )
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as T
}
const read = async <T>(path: string) => (await (await fetch(address + path)).json()) as T
const both = (en: string, zh: string) => ({ en, 'zh-CN': zh })

/** The page as it stands now: our own API's word for it, once the files have come as far. */
async function standing(indicator: string, description: string): Promise<statuspage.Standing> {
  const status = await eventually(async () => {
    const now = await read<StatusDocument>('/api/v1/status')
    const { page } = await read<{ page: { updated_at: string } }>('/api/v2/status.json')
    return Date.parse(page.updated_at) === Date.parse(now.changedAt) ? now : null
  }, 'The files did not come as far as the record.')
  return { address, status, indicator, description }
}

/** Everything is read by everybody once. */
async function readAll(state: string, indicator: string, description: string): Promise<void> {
  const before = findings.compared
  const now = await standing(indicator, description)
  await statuspage.askByPageId(load, findings, page, now)
  await statuspage.askByAddress(load, findings, now)
  await statuspage.askForTree(load, findings, now)
  await statuspage.lookAtWidget(load, findings, browser, now)
  const components = now.status.groups.flatMap((group) => group.components)
  let entries = 0
  for (const folder of ['/', '/statements/', ...components.map(({ id }) => `/components/${id}/`)])
    for (const locale of locales)
      entries += await readFeed(load, findings, address, `${locale === houseLocale ? '' : `/${locale}`}${folder}`)
  await readCalendar(load, findings, address, now.status.maintenances)
  await readBadges(findings, address)
  console.log(`${state}: ${entries} entries of feeds, ${findings.compared - before} things compared`)
}

let page = ''
let proxy: Awaited<ReturnType<typeof statuspage.startForwardProxy>> | undefined
try {
  page = (await read<{ page: { id: string } }>('/api/v2/status.json')).page.id
  proxy = await statuspage.startForwardProxy(page, address)
  // Clients that know no other address than statuspage.io's go through the network's proxy, as they do in a company.
  process.env.https_proxy = proxy.url
  process.env.no_proxy = '127.0.0.1'

  // A statement is out as well, and whatever else there can be one of.
  const { statement } = await exploreDemonstration(browser, program)
  await readAll('The worst evening', 'critical', 'Major Service Outage')
  const { status } = await standing('', '')
  const [incident] = status.open
  if (!incident) throw new Error('The demonstration has no open incident.')
  const promise = { nextUpdateAt: new Date(Date.parse(status.at) + 1_800_000).toISOString() }
  const say = (body: object, more: object = {}) =>
    ask<{ id: string; updates: { id: string }[] }>(`/api/v1/incidents/${incident.id}/updates`, {
      status: 'identified',
      body,
      ...promise,
      ...more,
    })
  await statuspage.followUpdates(load, findings, page, async () => {
    await say(both('The cause is known.', '原因已经找到。'))
    return (await read<StatusDocument>('/api/v1/status')).open[0]?.updates[0]?.id ?? ''
  })

  const nasty =
    'a ]]> <b>bold</b> &amp; "quoted" <script>alert(1)</script> --> <!-- \u202eRTL\u202c \u200b🚨👩‍💻 %00 {{x}}'
  await say(both(nasty, `${nasty} 订单失败。`))
  const [wrong] = (await read<StatusDocument>('/api/v1/status')).open[0]?.updates ?? []
  await say(both('Said wrongly before.', '此前表述有误。'), { corrects: wrong?.id })
  const other = await ask<{ id: string }>('/api/v1/incidents', {
    title: both(`Search: ${nasty}`, `搜索：${nasty}`),
    severity: 2,
    status: 'investigating',
    components: [{ id: status.groups[0]?.components[1]?.id, status: 'partial_outage' }],
    body: { 'zh-CN': '只有中文。' },
    ...promise,
  })
  await readAll('Texts that try to break out, a correction, one in Chinese alone', 'critical', 'Major Service Outage')

  for (const id of [incident.id, other.id])
    await ask(`/api/v1/incidents/${id}/updates`, { status: 'resolved', body: both('It is over.', '已恢复。') })
  await readAll('A calm page', 'none', 'All Systems Operational')

  const startsAt = new Date(Date.parse((await read<StatusDocument>('/api/v1/status')).at) + 2_000).toISOString()
  const { id } = await ask<{ id: string }>('/api/v1/maintenances', {
    title: both('The database gets more memory.', '数据库扩容。'),
    body: both('Orders may take longer.', '下单可能变慢。'),
    startsAt,
    endsAt: new Date(Date.parse(startsAt) + 3_600_000).toISOString(),
    components: [status.groups[0]?.components[0]?.id],
  })
  await eventually(async () => {
    const { scheduled_maintenances } = await read<{ scheduled_maintenances: { id: string }[] }>(
      '/api/v2/scheduled-maintenances/active.json',
    )
    return scheduled_maintenances.some((one) => one.id === id) || null
  }, 'The maintenance did not begin.')
  await readAll('A maintenance that has begun', 'none', 'Service Under Maintenance')

  const pages = await readMaps(load, findings, address)
  const linked = ['/', `/incidents/${incident.id}/`, `/incidents/${other.id}/`, `/statements/${statement}/`]
  const all = linked.flatMap((path) => locales.map((one) => `${address}${one === houseLocale ? '' : `/${one}`}${path}`))
  await compileLinkedData(load, findings, all)
  console.log(`Sitemaps name ${pages} pages, and each answers.`)
} finally {
  await proxy?.stop()
  await browser.close()
  await program.stop()
  rmSync(room, { recursive: true, force: true })
}
for (const fault of findings.faults) console.log(`✗ ${fault}`)
console.log(`${findings.compared} things compared, ${findings.faults.length} faults.`)
process.exit(findings.faults.length ? 1 : 0)
