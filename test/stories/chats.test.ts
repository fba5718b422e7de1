import { afterAll, expect } from 'vitest'
import { publishUpdate } from '#api/incidents/actions.ts'
import { hourMs, minuteMs, secondMs } from '#api/lib/time.ts'
import { capPerHour } from '#api/notices/cap.ts'
import { expandNext, takeAnnounced } from '#api/notices/expand.ts'
import { hold, releaseNotice } from '#api/notices/held.ts'
import { planOnce } from '#api/notices/work.ts'
import { localEnv, ownEndpoint } from '../support/endpoints.ts'
import { story } from '../support/story.ts'
import { inMinutes, ledger, lin, openServices, ordersDown, words } from '../support/telling.ts'
import { workFor, workNow } from '../support/work.ts'
import { openFeishu } from '../wire/feishu.ts'
import { openSlack } from '../wire/slack.ts'

const slack = await openSlack()
const feishu = await openFeishu()
afterAll(() => Promise.all([slack.close(), feishu.close()]))
const tell: typeof story = (promise, act) => story(promise, act, localEnv)
let names = 0
const newName = () => `robot-${++names}`

tell('a chat shows the update as plain words that call nobody', async ({ app, clock }) => {
  const services = await openServices(app)
  const [room, group] = [newName(), newName()]
  await ownEndpoint(app, { channel: 'slack', address: slack.hook(room) })
  const owner = 'ops@group.example'
  await ownEndpoint(app, {
    channel: 'feishu',
    address: feishu.robot(group, 'sec'),
    secret: 'sec',
    owner,
    locale: 'zh-CN',
  })
  clock.move(secondMs)
  const incident = await ordersDown(app, services)
  await workFor(app, clock, secondMs)
  await publishUpdate(app, lin, incident.id, {
    status: 'identified',
    body: words('Tell <!channel> & <@U1>.', '请通知 <at user_id="all">所有人</at>。'),
    nextUpdateAt: inMinutes(app, 20),
  })
  await workFor(app, clock, secondMs)
  const posts = slack.posts(room)
  expect(posts.map(({ text }) => text)).toEqual([
    '[Hezhou status] Investigating: Most merchants cannot place orders.',
    '[Hezhou status] Identified: Most merchants cannot place orders.',
  ])
  const shown = posts[1]!.blocks.map(({ text }) => text?.text).join('\n')
  expect(shown).toContain('Tell &lt;!channel&gt; &amp; &lt;@U1&gt;.')
  expect(shown).not.toMatch(/<!|<@/)
  expect(posts[1]!.blocks.every(({ text }) => text?.verbatim === true)).toBe(true)
  const [first, second] = feishu.posts(group)
  expect(first).toMatchObject({ title: '【禾舟商云服务状态】调查中：多数商家无法提交订单。' })
  expect(second!.text).not.toContain('<at ')
})

tell('updates that wait for a robot become one message, and the rows say so', async ({ app, clock }) => {
  const services = await openServices(app)
  const [room, group] = [newName(), newName()]
  await ownEndpoint(app, { channel: 'slack', address: slack.hook(room) })
  await ownEndpoint(app, { channel: 'feishu', address: feishu.robot(group), owner: 'ops@group.example' })
  clock.move(secondMs)
  slack.failNext(1, { status: 429, body: {}, headers: { 'retry-after': '30' } })
  feishu.failNext(1, 429)
  const incident = await ordersDown(app, services)
  await workNow(app)
  for (const body of ['One.', 'Two.', 'Three.']) {
    clock.move(secondMs)
    await publishUpdate(app, lin, incident.id, {
      status: 'identified',
      body: words(body, body),
      nextUpdateAt: inMinutes(app, 20),
    })
    await workNow(app)
  }
  await workFor(app, clock, 5 * minuteMs)
  const texts = slack.posts(room).map(({ blocks }) => blocks.map(({ text }) => text?.text ?? '').join(' '))
  expect(texts).toHaveLength(2)
  expect(texts[1]).toMatch(/One\..*Two\..*Three\./s)
  expect(feishu.posts(group)).toHaveLength(2)
  expect(feishu.posts(group)[1]!.text).toMatch(/One\..*Two\..*Three\./s)
  const rows = await ledger(app)
  for (const channel of ['slack', 'feishu'])
    expect(rows.filter((row) => row.channel === channel).map(({ state, reason }) => [state, reason])).toEqual([
      ['sent', null],
      ...Array.from({ length: 3 }, () => ['sent', 'in one message with 2 other updates']),
    ])
})

tell('what is held tells nobody, and holds up nothing that waits for the same robot', async ({ app, clock }) => {
  const services = await openServices(app)
  const room = newName()
  await ownEndpoint(app, { channel: 'slack', address: slack.hook(room) })
  clock.move(secondMs)
  const incident = await ordersDown(app, services)
  const say = async (text: string) => {
    clock.move(1)
    const nextUpdateAt = inMinutes(app, 20)
    await publishUpdate(app, lin, incident.id, { status: 'identified', body: words(text, text), nextUpdateAt })
  }
  await workFor(app, clock, secondMs)
  for (const text of ['One.', 'Two.']) await say(text)
  await takeAnnounced(app)
  while (await expandNext(app));
  await planOnce(app)
  const notices = await app.db.selectFrom('notice').selectAll().where('seq', 'is not', null).orderBy('seq').execute()
  const waiting = app.db.selectFrom('batch').select('size').where('channel', '=', 'slack').where('state', '=', 'ready')
  expect(await waiting.execute()).toEqual([{ size: 2 }])
  await hold(app, notices[1]!, 'a person is not sure')
  await workFor(app, clock, minuteMs)
  const text = () =>
    slack
      .posts(room)
      .map(({ blocks }) => blocks.map(({ text }) => text?.text ?? '').join(' '))
      .join(' ')
  expect(text()).toContain('Two.')
  expect(text()).not.toContain('One.')
  await releaseNotice(app, lin, notices[1]!.id)
  await workFor(app, clock, minuteMs)
  expect((await ledger(app)).filter(({ channel, state }) => channel === 'slack' && state === 'queued')).toEqual([])
})

tell('a room that has had as many messages as an hour takes gets the rest in one', async ({ app, clock }) => {
  const services = await openServices(app)
  const room = newName()
  await ownEndpoint(app, { channel: 'slack', address: slack.hook(room) })
  clock.move(secondMs)
  const incident = await ordersDown(app, services)
  for (let i = 1; i < capPerHour.slack! + 3; i++) {
    await workFor(app, clock, 2 * secondMs)
    const nextUpdateAt = inMinutes(app, 20)
    await publishUpdate(app, lin, incident.id, { status: 'identified', body: words(`No. ${i}.`, `${i}`), nextUpdateAt })
  }
  await workFor(app, clock, minuteMs)
  expect(slack.posts(room)).toHaveLength(capPerHour.slack!)
  clock.move(hourMs)
  await workFor(app, clock, minuteMs)
  const posts = slack.posts(room)
  expect(posts).toHaveLength(capPerHour.slack! + 1)
  expect(
    posts
      .at(-1)!
      .blocks.map(({ text }) => text?.text ?? '')
      .join(' '),
  ).toMatch(/No\. 12\..*No\. 13\..*No\. 14\./s)
})

tell('a robot that is gone is switched off, one that refuses by its settings is not', async ({ app, clock }) => {
  const services = await openServices(app)
  const [room, gone, picky] = [newName(), newName(), newName()]
  await ownEndpoint(app, { channel: 'slack', address: slack.hook(room) })
  await ownEndpoint(app, { channel: 'feishu', address: feishu.robot(gone), owner: 'a@group.example' })
  await ownEndpoint(app, { channel: 'feishu', address: feishu.robot(picky), owner: 'b@group.example' })
  slack.retire(room, 'channel_is_archived')
  feishu.refuse(gone, 19001)
  feishu.refuse(picky, 19024)
  clock.move(secondMs)
  await ordersDown(app, services)
  await workFor(app, clock, minuteMs)
  const rows = (await ledger(app)).filter(({ kind }) => kind === 'incident.opened')
  expect(rows.map(({ state, reason }) => `${state} ${reason}`).sort()).toEqual([
    'failed feishu 19001',
    'failed feishu 19024',
    'failed slack 410 channel_is_archived',
  ])
  const closed = await app.db.selectFrom('subscriber').select('closedReason').execute()
  expect(closed.map(({ closedReason }) => closedReason).sort()).toEqual(['disabled', 'disabled', null])
})
