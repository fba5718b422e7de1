import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliDecompressSync } from 'node:zlib'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { expect } from 'vitest'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { openSite, serveSite } from '../support/site.ts'
import { story } from '../support/story.ts'

const updates = 8
const readers = 2
/** Between two rounds of a reader: there is a processor for the writer, too. */
const breathMs = 5

/** Each place that tells of an update, how it is read whole, and the number of the newest update it tells. */
const places: Record<string, (body: string) => unknown> = {
  '/': (body) => expect(body).toMatch(/^<!DOCTYPE html>[\s\S]+<\/html>\s*$/i),
  '/zh-CN/': (body) => expect(body).toMatch(/^<!DOCTYPE html>[\s\S]+<\/html>\s*$/i),
  '/api/v2/summary.json': (body) => JSON.parse(body),
  '/api/v2/incidents.json': (body) => JSON.parse(body),
  '/feed.json': (body) => JSON.parse(body),
  '/zh-CN/history.rss': (body) => {
    expect(XMLValidator.validate(body)).toBe(true)
    return new XMLParser().parse(body)
  },
}
const newestIn = (body: string) =>
  Math.max(0, ...[...body.matchAll(/word-(\d+)\./g)].map(([, number]) => Number(number)))

function read(address: string, agent: Agent): Promise<{ number: number }> {
  return new Promise((resolve, reject) => {
    const sent = get(address, { agent, headers: { 'accept-encoding': 'br' } }, async (answer) => {
      const parts: Buffer[] = []
      for await (const part of answer) parts.push(part)
      try {
        const bytes = Buffer.concat(parts)
        expect([answer.statusCode, String(bytes.length)]).toEqual([200, answer.headers['content-length']])
        const body = brotliDecompressSync(bytes).toString()
        places[new URL(address).pathname]!(body)
        resolve({ number: newestIn(body) })
      } catch (error) {
        reject(error)
      }
    })
    sent.on('error', reject)
  })
}

story(
  'whoever reads while updates come out sees each file whole, and page, JSON and feeds tell of the same update',
  async ({ app }) => {
    const { orders } = await openServices(app)
    const site = await openSite(app)
    const { address, stop } = await serveSite(site.published)
    const agent = new Agent({ keepAlive: true, maxSockets: readers })
    const body = (number: number) => ({ en: `This is word-${number}.`, 'zh-CN': `这是 word-${number}.` })
    const said = (number: number) => ({
      status: 'investigating' as const,
      body: body(number),
      nextUpdateAt: inMinutes(app, 30),
    })
    const { id } = await openIncident(app, lin, {
      title: { en: 'Orders fail.', 'zh-CN': '下单失败。' },
      severity: 1,
      components: [{ id: orders, status: 'major_outage' }],
      ...said(1),
    })
    await site.publisher.publishChanges()
    let over = false
    const seen = new Set<number>()
    let sets = 0
    const reader = async () => {
      while (!over) {
        const { number: before } = await read(`${address}/`, agent)
        const told: Record<string, number> = {}
        for (const place of Object.keys(places)) told[place] = (await read(address + place, agent)).number
        const { number: after } = await read(`${address}/`, agent)
        seen.add(before)
        await sleep(breathMs)
        // What came out while this reader went round may be in one place and was not yet in another.
        if (before !== after) continue
        sets++
        expect(told).toEqual(Object.fromEntries(Object.keys(places).map((place) => [place, before])))
      }
    }
    const writer = async () => {
      for (let number = 2; number <= updates; number++) {
        await publishUpdate(app, lin, id, said(number))
        site.publisher.wake()
        // Now it is drawn while the next one is written down, now it is not.
        await sleep((number * 7) % 40)
      }
      await site.publisher.publishChanges()
      over = true
    }
    try {
      await Promise.all([writer(), ...Array.from({ length: readers }, reader)])
      expect((await read(`${address}/`, agent)).number).toBe(updates)
      expect(sets).toBeGreaterThan(0)
      expect(seen.size).toBeGreaterThan(1)
    } finally {
      over = true
      agent.destroy()
      await stop()
      await site.stop()
    }
  },
)
