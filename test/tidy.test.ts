import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'

// The house rules, as a test. Each says why in its name.
const root = join(import.meta.dirname, '..')
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file && existsSync(join(root, file)))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const code = files.filter((file) => /\.(ts|mjs|astro)$/.test(file))
const product = code.filter((file) => /^(api|src|content)\//.test(file) && !file.endsWith('.test.ts'))

/** What a file imports: packages by name, own files by their path from the root. */
function importsOf(file: string): string[] {
  const text = read(file)
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

it('rules are pure: no hono, no kysely, no clock, no environment', () => {
  const rules = product.filter((file) => /^api\/[a-z]+\/[a-z-]+\.ts$/.test(file) && isRule(file))
  expect(breaks((_, imported) => /^(hono|kysely|@hono|node:(fs|http|net))/.test(imported), rules)).toEqual([])
  expect(rules.filter((file) => /Date\.now\(\)|new Date\(\)|process\.env/.test(read(file)))).toEqual([])
})

const slices = ['components', 'incidents', 'maintenance', 'subscribers', 'notices']
const isRule = (file: string) =>
  slices.includes(file.split('/')[1] ?? '') &&
  !/\/(queries|actions|routes|schema|[a-z]+-(queries|actions|routes))\.ts$/.test(file) &&
  !/worker|expand|freeze|send|settle/.test(file)

it('queries speak to the record alone, actions never to the network, routes never to another slice', () => {
  expect(
    breaks((file, imported) => /\/queries\.ts$/.test(file) && /^(hono|@hono)|\/(actions|routes)\.ts$/.test(imported)),
  ).toEqual([])
  expect(
    breaks(
      (file, imported) =>
        /\/actions\.ts$/.test(file) &&
        (/^(hono|@hono|resend|twilio|undici)/.test(imported) || /^api\/channels\/.+\/|\/routes\.ts$/.test(imported)),
    ),
  ).toEqual([])
  expect(
    breaks(
      (file, imported) =>
        /^api\/[a-z]+\/routes\.ts$/.test(file) &&
        /^api\/[a-z]+\/(queries|actions)\.ts$/.test(imported) &&
        dirname(file) !== dirname(imported),
    ),
  ).toEqual([])
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
          /^api\/.*\/(queries|actions)\.ts$/.test(imported)),
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

it('every dependency is used, and pinned', () => {
  const manifest = JSON.parse(read('package.json'))
  const used = new Set(code.flatMap(importsOf).map(packageOf))
  const scripts = JSON.stringify(manifest.scripts) + read('test/run.ts') + read('tsconfig.json')
  const tools: Record<string, string> = {
    typescript: 'tsc',
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
