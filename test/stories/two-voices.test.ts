import { expect } from 'vitest'
import { openIncident, publishUpdate } from '#api/incidents/actions.ts'
import { inMinutes, lin, openServices } from '../support/services.ts'
import { story } from '../support/story.ts'

story(
  'of two people who follow the same update at the same moment, one is told to read the other first',
  async ({ app }) => {
    await openServices(app)
    const words = { status: 'investigating' as const, nextUpdateAt: inMinutes(app, 15) }
    const opened = await openIncident(app, lin, {
      ...words,
      title: { en: 'Orders fail' },
      severity: 1,
      components: [],
      body: { en: 'We look.' },
    })
    const follows = opened.updates[0]!.id
    const say = (en: string, after = follows) =>
      publishUpdate(app, lin, opened.id, { ...words, body: { en }, follows: after })
    const said = await Promise.allSettled([say('It is the database.'), say('It is the network.')])
    const refused = said.filter((one) => one.status === 'rejected')
    expect(refused.map(({ reason }) => reason)).toMatchObject([
      { code: 'conflict', message: expect.stringContaining('Update 2 was published meanwhile.') },
    ])
    const [done] = said.filter((one) => one.status === 'fulfilled')
    expect(done?.value.updates.map(({ number }) => number)).toEqual([2, 1])
    const third = await say('Both were wrong.', done?.value.updates[0]?.id)
    expect(third.updates).toHaveLength(3)
    const blind = await publishUpdate(app, lin, opened.id, { ...words, body: { en: 'A machine reads nothing.' } })
    expect(blind.updates).toHaveLength(4)
  },
)
