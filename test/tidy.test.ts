import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'
import { houseLocale, locales } from '#content/locales.ts'

// The house rules, as a test. Each says why in its name.
const root = join(import.meta.dirname, '..')
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file && existsSync(join(root, file)))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const code = files.filter((file) => /\.(ts|mjs|astro)$/.test(file))
const product = code.filter((file) => /^(api|src|content)\//.test(file) && !file.endsWith('.test.ts'))

/** What a file imports: packages by name, own files by their path from the root. */
const importsOf = (file: string): string[] => namesIn(file, read(file))
/** The same without what only types are taken from, which is gone when the program runs. */
const valuesOf = (file: string): string[] =>
  namesIn(file, read(file).replace(/^(import|export) type [^'"]*from.*$/gm, ''))

function namesIn(file: string, text: string): string[] {
  return [
    ...text.matchAll(
      /^\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
    ),
  ]
    .map((match) => (match[1] ?? match[2] ?? match[3])!)
    .map((name) =>
      name.startsWith('#') ? name.slice(1) : name.startsWith('.') ? normalize(join(dirname(file), name)) : name,
    )
}
const packageOf = (name: string) =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
const breaks = (rule: (file: string, imported: string) => boolean, among = product) =>
  among.flatMap((file) =>
    importsOf(file)
      .filter((imported) => rule(file, imported))
      .map((imported) => `${file} imports ${imported}`),
  )

it('no file is longer than two screens and a half, and most are short', () => {
  const lengths = product.map((file) => [read(file).split('\n').length, file] as const).sort(([a], [b]) => b - a)
  expect(lengths.filter(([length, file]) => length > 300 && !file.includes('/migrations/'))).toEqual([])
  expect(lengths[Math.floor(lengths.length / 2)]?.[0]).toBeLessThan(100)
})

it('each driver and SDK is known in exactly one file', () => {
  for (const name of ['resend', 'twilio', 'better-sqlite3', 'pg']) {
    const users = product.filter((file) => importsOf(file).some((imported) => packageOf(imported) === name))
    expect(users.length, `${name}: ${users.join(', ')}`).toBeLessThanOrEqual(1)
  }
})

it('lib and errors know no other room', () => {
  expect(
    breaks(
      (file, imported) =>
        /^api\/(lib\/|errors\.ts)/.test(file) &&
        /^(api|src|content)\//.test(imported) &&
        !/^api\/(lib\/|errors\.ts)/.test(imported),
    ),
  ).toEqual([])
})

/** The folders whose files are queries, actions, routes, schemas or rules. */
const slices = [
  'components',
  'incidents',
  'maintenance',
  'subscribers',
  'notices',
  'status',
  'statements',
  'accounts',
  'reviews',
  'feedback',
  'customers',
  'compensation',
]
const kind = (name: string, file: string) => new RegExp(`^api/[a-z]+/([a-z-]+-)?${name}\\.ts$`).test(file)
const isKind = (names: string[], file: string) => names.some((name) => kind(name, file))
const isForeign = (file: string, imported: string) => dirname(file) !== dirname(imported)

/** Files of a slice that are named after none of the kinds and are no rules either, with what they do instead. */
const workshops: Record<string, string> = {
  'api/accounts/auth.ts': 'opens better-auth on the record',
  'api/accounts/guards.ts': 'is middleware',
  'api/accounts/own-password.ts': 'changes better-auth’s rows',
  'api/accounts/sign-in.ts': 'opens and ends sessions, which are better-auth’s rows',
  'api/incidents/say.ts': 'writes an update into the transaction of whoever speaks',
  'api/customers/receive.ts': 'takes files in, piece by piece',
  'api/customers/report.ts': 'reads the rows that are not used out piece by piece',
  'api/customers/staging.ts': 'writes what rows say into the transaction of whoever calls it',
  'api/customers/table.ts': 'reads a table out of a stream',
  'api/customers/upload.ts': 'finds the file in a request',
  'api/customers/work.ts': 'the importer’s steps and its loop',
  'api/compensation/announce.ts': 'writes the messages of an offer, with links of their own',
  'api/compensation/billing.ts': 'tells billing what was given, outside any transaction',
  'api/compensation/issue.ts': 'gives one customer their share, in the caller’s transaction',
  'api/compensation/policy.ts': 'reads who approves offers',
  'api/compensation/prepare.ts': 'writes down who fits, piece by piece',
  'api/compensation/read.ts': 'puts together what staff read of offers',
  'api/compensation/reckon.ts': 'works out in pieces who fits and what that comes to',
  'api/compensation/verify.ts': 'counts again what offers keep',
  'api/compensation/work.ts': 'takes the worker’s steps about offers',
  'api/notices/aside.ts': 'keeps trouble with one notice from the others',
  'api/notices/composed.ts': 'reads what a notice is composed from',
  'api/notices/crash.ts': 'ends the process where a test asks for it',
  'api/notices/direct.ts': 'writes one message into the transaction of whoever calls it',
  'api/notices/endpoints.ts': 'notes what a webhook’s or a chat’s server answered, and switches it off',
  'api/notices/expand.ts': 'a step of the worker: recipients become deliveries',
  'api/notices/export.ts': 'reads the ledger out piece by piece',
  'api/notices/freeze.ts': 'a step of the worker: deliveries become batches',
  'api/notices/later.ts': 'a step of the worker: what a network did not deliver is tried again',
  'api/notices/hand-over.ts': 'a step of the worker: what one provider does not take goes by the other',
  'api/notices/fold-writer.ts': 'reads what is folded into one message, and writes it',
  'api/notices/fold.ts': 'folds deliveries into one message, in the transaction that freezes',
  'api/notices/heartbeat.ts': 'writes down that the worker works, and holds what is old after a long stop',
  'api/notices/held.ts': 'holds notices, and does what a person decides about them',
  'api/notices/outdated.ts': 'a step of the worker: what a newer update makes old ends',
  'api/notices/merge.ts': 'a step of the worker: several updates that wait for one chat become one batch',
  'api/notices/message.ts': 'writes the message of one delivery',
  'api/notices/leases.ts': 'takes over what a worker that died was sending',
  'api/notices/overdue.ts': 'a step of the worker: what waits and must not be sent ends',
  'api/notices/preview.ts': 'composes a draft with what the record holds',
  'api/notices/receipts.ts': 'folds callbacks into the ledger',
  'api/notices/run-worker.ts': 'the worker’s loop',
  'api/notices/send.ts': 'a step of the worker: a batch goes to its channel, outside any transaction',
  'api/notices/settle.ts': 'a step of the worker: the answer is written down',
  'api/notices/summary.ts': 'counts what a person looks at, and remembers what took long',
  'api/notices/thread.ts': 'starts the worker’s thread',
  'api/notices/unknown.ts': 'a step of the worker: what became of a lost answer',
  'api/notices/time-of-day.ts': 'sees when the machine’s clock was set',
  'api/notices/work.ts': 'takes the worker’s steps in their order',
  'api/reviews/opening.ts': 'opens a review in the transaction of whoever resolves',
  'api/reviews/policy.ts': 'reads content/policy/reviews.yaml',
  'api/reviews/read.ts': 'puts together what a review shows',
  'api/status/reading.ts': 'remembers what was read for pages that are drawn at once',
  'api/statements/schedule.ts': 'looks whether an embargo has ended',
  'api/statements/templates.ts': 'reads the texts that legal approved beforehand',
  'api/statements/turn.ts': 'holds a statement while one person takes one step with it',
  'api/status/changes.ts': 'puts together what changed since a publish',
  'api/status/read.ts': 'puts together what the public may know',
  'api/status/statements.ts': 'puts together what the public may know of statements',
  'api/status/services.ts': 'puts together how the services stood',
}
const isRule = (file: string) =>
  slices.includes(file.split('/')[1] ?? '') &&
  !isKind(['queries', 'actions', 'routes', 'schema'], file) &&
  !(file in workshops)
/** What no rule may know: the network, the record, the running program. */
const isImpure = (file: string, imported: string) =>
  /^(hono|@hono|kysely|better-auth|node:(?!crypto$))/.test(imported) ||
  /^api\/(app|program|worker)\.ts$|^api\/db\/(?!schema)/.test(imported) ||
  isKind(['queries', 'actions', 'routes'], imported) ||
  (imported in workshops && file !== imported)

it('rules are pure: no hono, no kysely, no clock, no environment', () => {
  const rules = product.filter((file) => /^api\/[a-z]+\/[a-z-]+\.ts$/.test(file) && isRule(file))
  expect(rules.length).toBeGreaterThan(25)
  expect(breaks(isImpure, rules)).toEqual([])
  expect(rules.filter((file) => /Date\.now\(\)|new Date\(\)|process\.env/.test(read(file)))).toEqual([])
})

it('what is no rule stands in the list for a reason, and for no longer than that', () => {
  const impure = (file: string) =>
    importsOf(file).some((imported) => isImpure(file, imported)) || /process\./.test(read(file))
  expect(Object.keys(workshops).filter((file) => !product.includes(file) || !impure(file))).toEqual([])
})

it('queries speak to the record alone, actions never to the network, routes never to another slice', () => {
  expect(
    breaks(
      (file, imported) =>
        kind('queries', file) &&
        (/^(hono|@hono)|^api\/(app\.ts|channels\/)/.test(imported) ||
          isKind(['actions', 'routes'], imported) ||
          (kind('queries', imported) && isForeign(file, imported))),
    ),
  ).toEqual([])
  expect(
    breaks(
      (file, imported) =>
        kind('actions', file) &&
        (/^(hono|@hono|resend|twilio|undici|node:(http|https|net))/.test(imported) ||
          /^api\/channels\/.+\//.test(imported) ||
          kind('routes', imported)),
    ),
  ).toEqual([])
  expect(
    breaks(
      (file, imported) =>
        kind('routes', file) &&
        // What the letterbox keeps is read for the staff; every other channel is asked through app.channels.
        ((/^api\/channels\/.+\//.test(imported) && imported !== 'api/channels/letterbox/read.ts') ||
          (isKind(['queries', 'actions'], imported) && isForeign(file, imported))),
    ),
  ).toEqual([])
})

it('no slice runs another slice’s actions, and no file needs itself', () => {
  expect(
    breaks(
      (file, imported) =>
        slices.includes(file.split('/')[1] ?? '') && kind('actions', imported) && isForeign(file, imported),
    ),
  ).toEqual([])
  const done = new Set<string>()
  const circles: string[] = []
  const follow = (file: string, path: string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const imported of valuesOf(file)) if (imported.startsWith('api/')) follow(imported, [...path, file])
    done.add(file)
  }
  for (const file of product) follow(file, [])
  expect(circles).toEqual([])
})

it('channels know neither the record nor a slice', () => {
  expect(
    breaks(
      (file, imported) =>
        /^api\/channels\/[a-z]+\//.test(file) &&
        (/^kysely/.test(imported) ||
          (/^api\//.test(imported) && !/^api\/(channels|lib|errors|config|db\/schema)/.test(imported))),
    ),
  ).toEqual([])
})

it('the site knows neither the record nor an action, and the API never the site', () => {
  expect(
    breaks(
      (file, imported) =>
        file.startsWith('src/') &&
        (/^(kysely|better-sqlite3|pg|resend|twilio)$/.test(packageOf(imported)) ||
          isKind(['queries', 'actions'], imported)),
    ),
  ).toEqual([])
  expect(breaks((file, imported) => file.startsWith('api/') && imported.startsWith('src/'))).toEqual([])
})

it('the environment is read in one place', () => {
  const readers = product.filter(
    (file) => /process\.env/.test(read(file)) && !['api/config.ts', 'api/main.ts', 'api/cli.ts'].includes(file),
  )
  expect(readers).toEqual([])
})

it('only content/ knows a language by its name: adding one is a line and a folder', () => {
  const names = locales.filter((locale) => locale !== houseLocale).map((locale) => `['"\`/|]${locale}['"\`/|]`)
  const named = new RegExp([...names, `[!=]== '${houseLocale}'`].join('|'))
  const lines = product
    .filter((file) => /^(api|src)\//.test(file) && !file.startsWith('api/demo/'))
    .flatMap((file) =>
      read(file)
        .split('\n')
        .map((line) => `${file}: ${line.trim()}`),
    )
  expect(lines.filter((line) => named.test(line) && !/: (\/?\*|\/\/)/.test(line))).toEqual([])
})

it('every dependency is used, and pinned', () => {
  const manifest = JSON.parse(read('package.json'))
  const used = new Set(code.flatMap(importsOf).map(packageOf))
  const scripts = JSON.stringify(manifest.scripts) + read('test/run.ts') + read('tsconfig.json')
  const tools: Record<string, string> = {
    typescript: 'astro check',
    '@astrojs/check': 'astro check',
    '@biomejs/biome': 'biome',
    node: 'node ',
  }
  for (const [name, version] of Object.entries({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
  })) {
    expect(version, name).toMatch(/^\d/)
    const known =
      used.has(name) ||
      (tools[name] && scripts.includes(tools[name].split(' ')[0]!)) ||
      (name.startsWith('@types/') && (used.has(name.slice('@types/'.length)) || name === '@types/node')) ||
      code.some((file) => read(file).includes(`@${name}/`))
    expect(known, `${name} is used by nothing`).toBe(true)
  }
})

it('the project speaks of itself alone', () => {
  const marks = [
    ['..', 'shared'].join('/'),
    ['', 'work', ''].join('/'),
    ['sub', 'agent'].join(''),
    ['TO', 'DO'].join(''),
    ['FIX', 'ME'].join(''),
    ['coming', 'soon'].join(' '),
  ]
  const texts = files.filter((file) => /\.(ts|astro|mjs|md|json|yaml|css)$/.test(file) && file !== 'package-lock.json')
  const found = texts.flatMap((file) =>
    marks.filter((mark) => read(file).includes(mark)).map((mark) => `${file}: ${mark}`),
  )
  expect(found).toEqual([])
})
