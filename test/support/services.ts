import type { App } from '#api/app.ts'
import type { Actor } from '#api/audit/audit.ts'
import { createComponent, createGroup } from '#api/components/actions.ts'
import { plusMs } from '#api/lib/time.ts'

export const lin: Actor = { id: 'lin', roles: ['comms'] }

/** A small company: two groups, three components that exist since August. */
export async function openServices(app: App) {
  const transactions = await createGroup(app, lin, { name: { en: 'Transactions', 'zh-CN': '交易' } })
  const merchant = await createGroup(app, lin, { name: { en: 'Merchant', 'zh-CN': '商家' } })
  const add = async (groupId: string, en: string, zh: string) =>
    (await createComponent(app, lin, { groupId, name: { en, 'zh-CN': zh }, core: true, startDate: '2026-08-01' })).id
  return {
    orders: await add(transactions.id, 'Order placement', '下单'),
    payments: await add(transactions.id, 'Payments', '支付'),
    console: await add(merchant.id, 'Console', '商家控制台'),
  }
}

export const inMinutes = (app: App, minutes: number) => plusMs(app.now(), minutes * 60_000)
