import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, signIn } from './pages/world.ts'
import { launchBrowser } from './support/chromium.ts'
import { freePort } from './support/postgres.ts'
import { type Running, startRunning } from './support/program.ts'

// `npm run check:language` adds a language to a copy of the project as somebody would, by one line in content/locales.ts
// and one folder in content/words, and touches nothing else there. Then types, the rules about words, the built site, a
// mail, feeds and the desk must know it. `-- ja` tries another one than French.
const tag = process.argv[2] ?? 'fr'
const name = new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag
/** Some labels in the new language; the folder's others stay as they were copied. They end in this mark, so that they are known. */
const mark = `(${tag})`
const root = join(import.meta.dirname, '..')
const copy = mkdtempSync(join(tmpdir(), 'candor-language-'))
let faults = 0
const check = (what: string, holds: boolean, seen = '') => {
  console.log(`${holds ? 'yes' : 'NO '}  ${what}${holds ? '' : `: ${seen.slice(0, 600)}`}`)
  if (!holds) faults++
}
const run = (...[command, ...args]: [string, ...string[]]): string => {
  try {
    execFileSync(join(root, 'node_modules/.bin', command), args, { cwd: copy, encoding: 'utf8', stdio: 'pipe' })
    return ''
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return stdout + stderr
  }
}

try {
  const left = new Set(['node_modules', 'dist', 'data', '.git', '.astro'].map((folder) => join(root, folder)))
  cpSync(root, copy, { recursive: true, filter: (file) => !left.has(file) })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const table = join(copy, 'content/locales.ts')
  writeFileSync(table, readFileSync(table, 'utf8').replace(/^} satisfies/m, `  '${tag}': { name: '${name}' },\n$&`))
  cpSync(join(copy, 'content/words/en'), join(copy, 'content/words', tag), { recursive: true })
  for (const [area, ...path] of [
    ['page', 'nav', 'history'],
    ['messages', 'mail', 'follow'],
    ['subscribe', 'mail', 'confirm', 'subject'],
    ['admin', 'nav', 'public'],
  ] as const)
    translate(join(copy, 'content/words', tag, `${area}.json`), path)

  const types = run('tsc', '--noEmit')
  check('every file of program and tests compiles', !types, types)
  const rules = run('vitest', 'run', 'content')
  check('the rules about words and templates hold', !rules, rules)
  const program = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: join(copy, 'data') }, await freePort(), copy)
  try {
    await look(program)
  } finally {
    await program.stop()
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
console.log(faults ? `${faults} of these do not hold.` : `${name} is a line and a folder.`)
process.exit(faults ? 1 : 0)

/** Puts the mark behind one label of a file. */
function translate(file: string, path: readonly string[]): void {
  const all = JSON.parse(readFileSync(file, 'utf8'))
  const last = path.at(-1)!
  const place = path.slice(0, -1).reduce((labels, key) => labels[key], all)
  place[last] = `${place[last]} ${mark}`
  writeFileSync(file, JSON.stringify(all))
}

/** What somebody who reads the new language meets. */
async function look({ address, printed }: Running): Promise<void> {
  const read = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(address + path, { headers, redirect: 'manual' })).text()
  const home = await read(`/${tag}/`)
  check('the page is in it', home.includes(`<html lang="${tag}"`) && home.includes(mark), home)
  const month = new Intl.DateTimeFormat(tag, { month: 'long' }).format(Date.parse('2026-11-11T12:00:00Z'))
  check('its dates are written its own way', home.includes(month), month)
  check(
    'incidents that nobody wrote in it are shown in another, marked and said',
    /lang="en"[^>]*>/.test(home) && home.includes('class="only"'),
    home,
  )
  const history = await read('/zh-CN/history/')
  check(
    'the switch leads to the same page in it',
    history.includes(`href="/${tag}/history/"`) && history.includes(name),
    history,
  )
  const feed = JSON.parse(await read(`/${tag}/feed.json`)) as { language: string; items: unknown[] }
  check('its JSON Feed is in it', feed.language === tag && feed.items.length > 0, JSON.stringify(feed))
  for (const [file, sign] of [
    ['history.rss', `<language>${tag.toLowerCase()}</language>`],
    ['history.atom', `xml:lang="${tag}"`],
  ] as const) {
    const text = await read(`/${tag}/${file}`)
    check(`so is ${file}`, text.toLowerCase().includes(sign.toLowerCase()), text)
  }
  const desk = await read(`/admin/sign-in?lang=${tag}`)
  check('the desk is in it', desk.includes(`<html lang="${tag}"`) && desk.includes(mark), desk)
  const asked = await read('/admin/sign-in', { 'accept-language': `${tag}-BE, en;q=0.5` })
  check('the desk answers in it to a browser that asks for it', asked.includes(`<html lang="${tag}"`), asked)

  const token = /^API token +(\S+)$/m.exec(printed())?.[1]
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const post = async <T>(path: string, body: object): Promise<T> => {
    const answer = await fetch(address + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as T
  }
  const to = 'reader@mail.example'
  const browser = await launchBrowser()
  const context = await browser.newContext({ storageState: await signIn(browser, address, printed()) })
  const letter = (shape: RegExp) =>
    eventually(async () => {
      const list = (await (await context.request.get(`${address}/api/v1/letters?address=${to}`)).json()) as Letters
      for (const { id } of list.data) {
        const one = (await (await context.request.get(`${address}/api/v1/letters/${id}`)).json()) as Letter
        if (shape.test(one.text)) return one
      }
      return null
    }, `No mail with ${shape} came.`)
  try {
    await post('/api/v1/subscriptions', { channel: 'email', address: to, locale: tag, website: '' })
    const asked = await letter(/subscribe\/confirm\//)
    check('a reader who chooses it is asked in it', (asked.subject ?? '').includes(mark), asked.subject ?? '')
    const link = /\/subscribe\/confirm\/([\w.~-]+)/.exec(asked.text)!
    const page = await read(link[0])
    check('by a link to a page in it', page.includes(`<html lang="${tag}"`), page)
    await post(`/api/v1/confirmations/${link[1]}`, {})
    const { open } = JSON.parse(await read('/api/v1/status')) as { open: { id: string }[] }
    const words = { [tag]: 'Proxima salus.', en: 'Help is near.' }
    await post(`/api/v1/incidents/${open[0]!.id}/updates`, { status: 'resolved', body: words })
    const told = await letter(/Proxima salus/)
    check('and hears of an update in its own words and the labels of the folder', told.text.includes(mark), told.text)
  } finally {
    await browser.close()
  }
}

interface Letters {
  data: { id: string }[]
}
interface Letter {
  subject: string | null
  text: string
}
