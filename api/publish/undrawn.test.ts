import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openStage } from '#test/support/story.ts'
import { openServices, ordersDown } from '#test/support/telling.ts'
import { openPublisher } from './publisher.ts'
import type { DrawFault } from './publisher-parts.ts'

it('tells why a page cannot be drawn, whether it is the first one, and when it can be again', async () => {
  const { app, clock, close } = await openStage('sqlite')
  const services = await openServices(app)
  let broken = '/uptime/'
  const told: (DrawFault | null)[] = []
  const publisher = await openPublisher(app, {
    dir: join(app.config.dataDir, 'published'),
    build: 'one',
    show: () => {},
    drew: (fault) => told.push(fault),
    render: async (path) => ({ statusCode: path === broken ? 500 : 200, rawPayload: Buffer.from(path) }),
  })
  const look = async (expected: DrawFault | null) => {
    clock.move(6_000)
    publisher.wake()
    await expect.poll(() => told.at(-1), { timeout: 10_000 }).toEqual(expected)
  }
  await publisher.start()
  await publisher.publishChanges()
  await look({ reason: '/uptime/: the page answered 500', first: false })
  broken = '/zh-CN/'
  await ordersDown(app, services)
  await look({ reason: '/zh-CN/: the page answered 500', first: true })
  broken = ''
  await look(null)
  await publisher.stop()
  await close()
})
