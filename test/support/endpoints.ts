import { expect } from 'vitest'
import type { App } from '#api/app.ts'
import { door, posted, tokenIn } from './subscribers.ts'

/** Webhooks and robots of tests stand on the loopback. */
export const localEnv = { OUTGOING_LOCAL: 'yes' }

/** What the owner of a confirmed endpoint holds. */
export interface Owned {
  preferences: string
  unsubscribe: string
  /** What requests are signed with, of a webhook. */
  secret?: string
}

interface Wish {
  channel: 'webhook' | 'slack' | 'feishu'
  address: string
  owner?: string
  secret?: string
  components?: string[]
  locale?: 'en' | 'zh-CN'
}

/** Subscribes an endpoint as its owner would: the form, the mail, the button. */
export async function ownEndpoint(app: App, wish: Wish): Promise<Owned> {
  const api = door(app, async () => {})
  const owner = wish.owner ?? 'ops@shop.example'
  const before = new Set((await posted(app)).map(({ text }) => text))
  const asked = await api.post('/api/v1/subscriptions', { locale: 'en', ...wish, owner })
  expect([asked.status, await asked.text()]).toEqual([202, '{"accepted":true}'])
  const mail = (await posted(app)).find(({ address, text }) => address === owner && !before.has(text))
  const answer = await api.post(`/api/v1/confirmations/${tokenIn(mail?.text ?? '', 'subscribe/confirm')}`)
  expect(answer.status).toBe(200)
  return (await answer.json()) as Owned
}
