import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../support/postgres.ts'
import { bareEnvironment, type Running, startRunning } from '../support/program.ts'

/** Runs one command to its end. */
function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['api/cli.ts', ...args], { env: { ...bareEnvironment(), ...env } })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.on('exit', (code) => resolve({ code, out, err }))
  })
}

/** What a line of the demonstration's greeting says after its name. */
const line = (printed: string, name: string) => new RegExp(`^${name} +(.+)$`, 'm').exec(printed)?.[1]?.split(/ +/) ?? []

describe('a newcomer with nothing but this program', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'candor-demo-'))
  let port = 0
  let demo: Running
  beforeAll(async () => {
    port = await freePort()
    demo = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: dataDir }, port)
  })
  afterAll(async () => {
    await demo.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  it('is told where the page is, how to sign in and which token opens the API', async () => {
    const [address] = line(demo.printed(), 'Status page')
    expect(address).toBe(`http://127.0.0.1:${port}/`)
    const page = await (await fetch(address!)).text()
    expect(page).toContain('Most merchants and shoppers cannot place orders, and payments may fail.')

    const [admin, email, password] = line(demo.printed(), 'Admin')
    expect(admin).toBe(`http://127.0.0.1:${port}/admin/`)
    const session = await fetch(`${address}api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: `http://127.0.0.1:${port}` },
      body: JSON.stringify({ email, password }),
    })
    expect(session.ok).toBe(true)

    const [token] = line(demo.printed(), 'API token')
    const headers = { authorization: `Bearer ${token}` }
    const { data } = await (await fetch(`${address}api/v1/incidents?status=open`, { headers })).json()
    expect(data.map(({ code }: { code: string }) => code)).toContain('1107')
    expect(statSync(join(dataDir, 'demo.json')).mode & 0o777).toBe(0o600)
  })

  it('sees the evening go on where it stopped, with the same login, when it is started again', async () => {
    const before = demo.printed()
    await demo.stop()
    demo = await startRunning(['api/cli.ts', 'demo'], { DATA_DIR: dataDir }, port)
    for (const name of ['Admin', 'API token']) expect(line(demo.printed(), name)).toEqual(line(before, name))
    expect(demo.printed()).not.toContain('Seeding')
    const { at } = await (await fetch(`${demo.address}/api/v1/status`)).json()
    expect(at >= '2026-11-11T12:23' && at < '2026-11-11T12:37').toBe(true)
  })

  it('is told in one sentence that the port is busy', async () => {
    const { code, out, err } = await run(['demo'], { DATA_DIR: `${dataDir}-other`, PORT: String(port) })
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err.trim()).toBe(`Port ${port} is busy: stop what listens there, or choose another with PORT=${port + 1}.`)
  })

  it('makes, lists and ends a token of the record that is running', async () => {
    const env = { DATA_DIR: dataDir }
    const made = await run(['token', 'create', '--name', 'alertmanager', '--role', 'machine'], env)
    const [, id] = /^Token (\w{12}) /.exec(made.out) ?? []
    const [token] = /cndr_[\w-]+/.exec(made.out) ?? []
    const ask = () => fetch(`${demo.address}/api/v1/incidents`, { headers: { authorization: `Bearer ${token}` } })
    expect((await ask()).status).toBe(200)
    expect((await run(['token', 'list'], env)).out).toMatch(new RegExp(`^${id}  machine .+ alertmanager$`, 'm'))
    expect((await run(['token', 'revoke', id!], env)).code).toBe(0)
    expect((await ask()).status).toBe(401)
  })
})

describe('the command line', () => {
  it.each([
    [['demonstrate'], 'There is no command "demonstrate".'],
    [['demo', '--frsh'], "Unknown option '--frsh'."],
    [['demo', '--play=soon'], '--play takes a speed from 1 to 3600'],
    [['token', 'create', '--name', 'x'], '--role is missing, such as --role machine.'],
  ])('refuses %j in one sentence', async (args, sentence) => {
    const { code, out, err } = await run(args)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(sentence)
    expect(err.trim().split('\n')).toHaveLength(1)
  })

  it('lists every mistake in the settings of a production record at once', async () => {
    const { code, err } = await run(['migrate'], {
      DATA_DIR: join(tmpdir(), 'candor-has-no-such-folder'),
      SECRET_KEY: 'x',
    })
    expect(code).toBe(1)
    expect(err).toContain('PUBLIC_URL')
    expect(err).toContain('SECRET_KEY is too short')
  })

  it('shows what there is', async () => {
    const { code, out } = await run(['help'])
    expect(code).toBe(0)
    for (const command of ['demo', 'migrate', 'token create', 'publish', 'owner-link']) expect(out).toContain(command)
  })
})
