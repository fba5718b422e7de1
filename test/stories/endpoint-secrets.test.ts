import { readFileSync } from 'node:fs'
import { afterAll, expect } from 'vitest'
import { openApp } from '#api/app.ts'
import { readConfig } from '#api/config.ts'
import { jsonLog } from '#api/lib/log.ts'
import { minuteMs, secondMs } from '#api/lib/time.ts'
import { sweepSubscribers } from '#api/subscribers/staff-actions.ts'
import { localEnv, ownEndpoint } from '../support/endpoints.ts'
import { story } from '../support/story.ts'
import { ledger, openServices, ordersDown } from '../support/telling.ts'
import { workFor } from '../support/work.ts'
import { openFeishu } from '../wire/feishu.ts'
import { openSlack } from '../wire/slack.ts'
import { openWebhook } from '../wire/webhook.ts'

const [hooks, slack, feishu] = await Promise.all([openWebhook(), openSlack(), openFeishu()])
afterAll(() => Promise.all([hooks.close(), slack.close(), feishu.close()]))
const canary = 'canary7secret9never'
const old = 'an-old-key-of-thirty-two-letters-and-more'
const young = 'a-young-key-of-thirty-two-letters-or-more'

story(
  'addresses and signing secrets stand nowhere in clear: not in the record, not in the log',
  async ({ app: quiet, env, clock, engine }) => {
    const lines: string[] = []
    const app = openApp(readConfig(env, 'test'), { clock, log: jsonLog('debug', (line) => lines.push(line)) })
    const services = await openServices(app)
    const { secret = '' } = await ownEndpoint(app, { channel: 'webhook', address: hooks.endpoint(`/${canary}-w1f9`) })
    await ownEndpoint(app, { channel: 'slack', address: slack.hook(`${canary}-s1f9`), owner: 'a@shop.example' })
    const robot = feishu.robot(`${canary}-f1f9`, `${canary}-sign`)
    await ownEndpoint(app, { channel: 'feishu', address: robot, secret: `${canary}-sign`, owner: 'b@shop.example' })
    hooks.say(`/${canary}-w1f9`, 500)
    clock.move(secondMs)
    await ordersDown(app, services)
    await workFor(app, clock, minuteMs)
    expect((await ledger(app)).filter(({ channel }) => channel !== 'email').map(({ to }) => to.slice(-4))).toEqual(
      ['1f9', '1f9', '1f9'].map((end, n) => `${'fsw'[n]}${end}`),
    )
    const everything: string[] = [...lines]
    for (const table of ['subscriber', 'endpoint', 'confirmation', 'delivery', 'batch', 'attempt', 'audit'] as const)
      everything.push(JSON.stringify(await app.db.selectFrom(table).selectAll().execute()))
    // A batch is packed, which hides a text from a search without keeping it secret.
    const packed = await app.db.selectFrom('batch').select('bytes').where('bytes', 'is not', null).execute()
    const { unpack } = await import('#api/lib/pack.ts')
    everything.push(...packed.map(({ bytes }) => unpack(bytes!).toString()))
    if (engine === 'sqlite') {
      const file = env.DATABASE_URL!.replace(/^file:/, '')
      everything.push(readFileSync(file, 'latin1'), readFileSync(`${file}-wal`, 'latin1'))
    }
    expect(lines.some((line) => line.includes('batch.sent'))).toBe(true)
    expect(packed.length).toBeGreaterThan(0)
    for (const text of everything) {
      expect(text.includes(canary)).toBe(false)
      expect(text.includes(secret)).toBe(false)
    }
    await app.close()
    expect(quiet).toBeDefined()
  },
  localEnv,
)

story(
  'with a new key in front everything opens, is sealed anew, and the old key can go',
  async ({ app: before, env, clock }) => {
    const services = await openServices(before)
    const address = hooks.endpoint('/keys')
    await ownEndpoint(before, { channel: 'webhook', address })
    const both = openApp(readConfig({ ...env, SECRET_KEY: `${young},${old}` }, 'test'), { clock })
    expect(await sweepSubscribers(both)).toBe(0)
    await both.close()
    const after = openApp(readConfig({ ...env, SECRET_KEY: young }, 'test'), { clock })
    clock.move(secondMs)
    await ordersDown(after, services)
    await workFor(after, clock, secondMs)
    expect(hooks.received('/keys').length).toBeGreaterThan(0)
    const [channel] = after.channels.filter(({ name }) => name === 'webhook')
    const row = await after.db.selectFrom('subscriber').select('address').executeTakeFirstOrThrow()
    expect(channel!.parse(address)).toBe(row.address)
    await after.close()
  },
  { ...localEnv, SECRET_KEY: old },
)
