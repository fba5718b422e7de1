import { execFile } from 'node:child_process'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import type { PublicIncident, StatusDocument } from '#api/status/document.ts'
import type { Findings } from './fetched.ts'

// Programs that others wrote for Atlassian Statuspage's public API, as they are on npm. Each is asked for everything it
// can read, and what it understood is compared with our own public read API, which is made in another place.

/** Two clients, one that builds the page as a tree, and Atlassian's own widget for a web page. */
export const statuspageClients = [
  'statuspage.js@1.0.17',
  'statuspage.io@3.3.8',
  '@aero/statuspage@1.1.0',
  '@statuspage/status-widget@1.0.5',
] as const

interface Update {
  id: string
  status: string
  body: string
  created_at: unknown
  affected_components: { code: string; old_status: string; new_status: string }[] | null
}
interface Event {
  id: string
  name: string
  status: string
  impact: string
  shortlink: string
  resolved_at: unknown
  incident_updates: Update[]
  components: { id: string; status: string }[]
  scheduled_for?: unknown
}
interface Component {
  id: string
  name: string
  status: string
  group: boolean
  group_id: string | null
  components?: string[]
}
interface Summary {
  page: { id: string; name: string; url: string; updated_at: unknown }
  status: { indicator: string; description: string }
  components: Component[]
  incidents: Event[]
  scheduled_maintenances: Event[]
}

/** How a page stands: what our own API says of it, and the sentence that this is on Statuspage. */
export interface Standing {
  address: string
  status: StatusDocument
  indicator: string
  description: string
}

const en = (words: { en?: string; 'zh-CN'?: string }) => words.en ?? words['zh-CN'] ?? ''
/** What a client may know of an incident, from our own API. */
const incidentOf = (one: PublicIncident) => ({
  id: one.id,
  name: en(one.title),
  status: one.status,
  impact: one.impact,
  updates: one.updates.map(({ id, status, body }) => ({ id, status, body: en(body) })),
})
const eventOf = ({ id, name, status, impact, incident_updates }: Event) => ({
  id,
  name,
  status,
  impact,
  updates: incident_updates.map(({ id, status, body }) => ({ id, status, body })),
})
const byId = <T extends { id: string }>(list: readonly T[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1))

/**
 * A forward proxy as companies have one in their network: whoever asks it for https://PAGE.statuspage.io, as clients do
 * that know a page by its id alone, reads the page at `address`.
 */
export async function startForwardProxy(page: string, address: string) {
  const server = createServer((req, res) => {
    const asked = new URL(req.url ?? '/', 'http://nowhere')
    if (asked.hostname !== `${page}.statuspage.io`) return void res.writeHead(502).end()
    const inner = request(
      address + asked.pathname + asked.search,
      { headers: { accept: 'application/json' } },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(res)
      },
    )
    inner.on('error', () => res.writeHead(502).end())
    inner.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

/** What every client's whole summary must say. */
function compareSummary(
  findings: Findings,
  who: string,
  summary: Summary,
  { status, indicator, description }: Standing,
) {
  const same = (what: string, found: unknown, expected: unknown) => findings.same(`${who}: ${what}`, found, expected)
  same('status', summary.status, { indicator, description })
  const groups = summary.components.filter(({ group }) => group)
  same(
    'groups with their components',
    groups.map(({ id, name, components }) => ({ id, name, components })),
    status.groups.map(({ id, name, components }) => ({
      id,
      name: en(name),
      components: components.map((one) => one.id),
    })),
  )
  same(
    'components',
    summary.components
      .filter(({ group }) => !group)
      .map(({ id, name, status, group_id }) => ({ id, name, status, group_id })),
    status.groups.flatMap((group) =>
      group.components.map(({ id, name, status }) => ({ id, name: en(name), status, group_id: group.id })),
    ),
  )
  const open = [...status.open, ...status.knownIssues]
  same('open incidents', byId(summary.incidents.map(eventOf)), byId(open.map(incidentOf)))
  const whole = new Map(summary.components.map((component) => [component.id, component]))
  for (const { id, components, incident_updates } of [...summary.incidents, ...summary.scheduled_maintenances]) {
    same(
      `full components of ${id}`,
      components,
      components.map((one) => whole.get(one.id)),
    )
    const times = incident_updates.map(({ created_at }) => Number(new Date(created_at as string)))
    same(
      `newest first in ${id}`,
      times,
      times.toSorted((a, b) => b - a),
    )
  }
  same(
    'maintenances',
    summary.scheduled_maintenances.map(({ id, name, status }) => ({ id, name, status })),
    status.maintenances.map(({ id, title, status }) => ({ id, name: en(title), status })),
  )
}

/** statuspage.js knows a page by its id; it makes dates of whatever looks like one. */
export async function askByPageId(load: NodeJS.Require, findings: Findings, page: string, standing: Standing) {
  const { Statuspage } = load('statuspage.js') as {
    Statuspage: new (id: string) => Record<string, () => Promise<Summary>>
  }
  const client = new Statuspage(page)
  const read = (name: string) => findings.runs(`statuspage.js ${name}()`, () => client[name]!())
  const summary = await read('summary')
  if (!summary) return
  compareSummary(findings, 'statuspage.js', summary, standing)
  const times = [
    summary.page.updated_at,
    ...summary.incidents.flatMap((one) => one.incident_updates.map((u) => u.created_at)),
  ]
  findings.same(
    'statuspage.js: times are dates',
    times.filter((time) => !(time instanceof Date)),
    [],
  )
  findings.same('statuspage.js status()', (await read('status'))?.status, summary.status)
  findings.same('statuspage.js components()', (await read('components'))?.components, summary.components)
  findings.same(
    'statuspage.js unresolvedIncidents()',
    (await read('unresolvedIncidents'))?.incidents,
    summary.incidents,
  )
  const all = (await read('allIncidents'))?.incidents ?? []
  const known = new Set(all.map(({ id }) => id))
  findings.same(
    'statuspage.js allIncidents() holds the open ones',
    summary.incidents.filter(({ id }) => !known.has(id)),
    [],
  )
  findings.same(
    'statuspage.js allIncidents() knows what is over',
    all.some(({ resolved_at }) => resolved_at instanceof Date),
    true,
  )
  const planned = summary.scheduled_maintenances
  const upcoming = (await read('upcomingScheduledMaintenances'))?.scheduled_maintenances
  const active = (await read('activeScheduledMaintenances'))?.scheduled_maintenances
  findings.same(
    'statuspage.js upcoming',
    upcoming,
    planned.filter(({ status }) => status === 'scheduled'),
  )
  findings.same(
    'statuspage.js active',
    active,
    planned.filter(({ status }) => status !== 'scheduled'),
  )
  await read('allScheduledMaintenances')
}

/** statuspage.js, told of each new update as bots use it: `publish` makes one, and its id is returned. */
export async function followUpdates(
  load: NodeJS.Require,
  findings: Findings,
  page: string,
  publish: () => Promise<string>,
) {
  const { StatuspageUpdates } = load('statuspage.js') as {
    StatuspageUpdates: new (
      id: string,
      everyMs: number,
    ) => {
      start(): Promise<void>
      stop(): boolean
      on(event: 'incident_update', told: (incident: Event) => void): void
    }
  }
  const updates = new StatuspageUpdates(page, 200)
  const told = new Promise<string | undefined>((resolve) => {
    updates.on('incident_update', (incident) => resolve(incident.incident_updates[0]?.id))
    setTimeout(() => resolve(undefined), 20_000).unref()
  })
  await updates.start()
  const id = await publish()
  findings.same('statuspage.js tells of a new update', await told, id)
  updates.stop()
}

/** statuspage.io is given the page's address. */
export async function askByAddress(load: NodeJS.Require, findings: Findings, standing: Standing) {
  interface Client {
    setApiUrl(url: string): void
    api: {
      getSummary(): Promise<Summary>
      getStatus(): Promise<Summary>
      getComponents(): Promise<Summary>
      incidents: { getAll(): Promise<Summary>; getUnresolved(): Promise<Summary> }
      scheduledMaintenances: { getUpcoming(): Promise<Summary> }
    }
  }
  const { Statuspage } = load('statuspage.io') as { Statuspage: new (id: string) => Client }
  const client = new Statuspage('any')
  client.setApiUrl(standing.address)
  const { api } = client
  const read = (name: string, ask: () => Promise<Summary>) => findings.runs(`statuspage.io ${name}()`, ask)
  const summary = await read('getSummary', api.getSummary)
  if (!summary) return
  compareSummary(findings, 'statuspage.io', summary, standing)
  findings.same('statuspage.io getStatus()', (await read('getStatus', api.getStatus))?.status, summary.status)
  findings.same(
    'statuspage.io getComponents()',
    (await read('getComponents', api.getComponents))?.components,
    summary.components,
  )
  const open = await read('getUnresolved', () => api.incidents.getUnresolved())
  findings.same('statuspage.io getUnresolved()', open?.incidents, summary.incidents)
  await read('getAll', () => api.incidents.getAll())
  const planned = summary.scheduled_maintenances.filter(({ status }) => status === 'scheduled')
  const upcoming = await read('getUpcoming', () => api.scheduledMaintenances.getUpcoming())
  findings.same('statuspage.io getUpcoming()', upcoming?.scheduled_maintenances, planned)
}

/**
 * @aero/statuspage makes a tree of groups and objects of its own. It runs in a process of its own: it brings an HTTP
 * library that does not bear with the one of Node. It is opened anew for each question, for it adds to the path it asked
 * for before.
 */
export async function askForTree(load: NodeJS.Require, findings: Findings, standing: Standing) {
  const { address, status, indicator, description } = standing
  interface Node {
    name: string
    status: string
    children: Node[]
  }
  interface Told {
    id: string
    name: string
    updates: { description: string }[]
  }
  interface Asked {
    summary: { status: object; components: Node[]; incidents: Told[] }
    components: Node[]
    unresolved: Told[]
  }
  const script = `const { StatusPageClient } = require(${JSON.stringify(load.resolve('@aero/statuspage'))})
const client = () => new StatusPageClient(process.argv[1])
;(async () => {
  for (const type of [0, 1, 2]) await client().maintenances(type)
  const [summary, components] = [await client().summary(), await client().components()]
  const [unresolved] = [await client().incidents(true), await client().incidents(false), await client().status()]
  console.log(JSON.stringify({ summary, components, unresolved }))
})()`
  const asked = await findings.runs('@aero/statuspage', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, address], { maxBuffer: 2 ** 26 })
    return JSON.parse(stdout) as Asked
  })
  if (!asked) return
  const same = (what: string, found: unknown, expected: unknown) =>
    findings.same(`@aero/statuspage: ${what}`, found, expected)
  same('status', asked.summary.status, { description, indicator })
  const tree = status.groups.map((group) => ({
    name: en(group.name),
    children: group.components.map((one) => ({ name: en(one.name), status: one.status })),
  }))
  const shown = (nodes: Node[]) =>
    nodes.map(({ name, children }) => ({
      name,
      children: children.map((one) => ({ name: one.name, status: one.status })),
    }))
  same('the tree', shown(asked.summary.components), tree)
  same('the tree alone', shown(asked.components), tree)
  const said = (list: Told[]) =>
    byId(list.map(({ id, name, updates }) => ({ id, name, said: updates.map((one) => one.description) })))
  const open = byId(
    [...status.open, ...status.knownIssues].map(({ id, title, updates }) => ({
      id,
      name: en(title),
      said: updates.map(({ body }) => en(body)),
    })),
  )
  same('open incidents', said(asked.summary.incidents), open)
  same('open incidents alone', said(asked.unresolved), open)
}

/** Atlassian's own widget, in a browser, on a page of another origin. */
export async function lookAtWidget(load: NodeJS.Require, findings: Findings, browser: Browser, standing: Standing) {
  const script = load.resolve('@statuspage/status-widget/dist/index.js')
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  page.on('console', (line) => line.type() === 'error' && errors.push(line.text()))
  const shop = createServer((_, res) =>
    res
      .setHeader('content-type', 'text/html')
      .end(`<!doctype html><title>A shop</title><statuspage-widget src="${standing.address}"></statuspage-widget>
<statuspage-widget src="${standing.address}" appearance="badge" title="Is it up?"></statuspage-widget>`),
  )
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  await page.goto(`http://localhost:${(shop.address() as AddressInfo).port}/`)
  await page.addScriptTag({ path: script })
  const shown = await findings.runs('the widget shows something', async () => {
    await page.waitForFunction(
      "[...document.querySelectorAll('statuspage-widget')].every((one) => one.shadowRoot?.querySelector('.status-indicator'))",
      undefined,
      { timeout: 10_000 },
    )
    return page.$$eval('statuspage-widget', (widgets) =>
      widgets.map((one) => {
        const said = (name: string) => one.shadowRoot?.querySelector(name)?.textContent?.trim()
        return {
          class: one.shadowRoot?.querySelector('.status-indicator')?.className,
          basic: said('.status-text'),
          badge: said('.status-indicator'),
        }
      }),
    )
  })
  findings.same('the widget’s words and colour', shown, [
    { class: `status-indicator ${standing.indicator}`, basic: standing.description, badge: '' },
    { class: `status-indicator ${standing.indicator}`, basic: 'Is it up?', badge: standing.description },
  ])
  // Its bundle ends in a sentence that strict mode refuses, on every page.
  const others = errors.filter((error) => error !== 'parcelRequire is not defined')
  findings.same('the widget meets no error', others, [])
  await page.close()
  shop.close()
}
