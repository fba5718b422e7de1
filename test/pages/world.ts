import type { Browser, BrowserContext } from 'playwright-core'
import { type Locale, locales, type Words } from '#content/locales.ts'
import { fill } from '#content/words.ts'
import type { Running } from '../support/program.ts'
import { type ClaimPage, openClaims } from './claims.ts'

/** A running demonstration with somebody signed in, and the addresses that only it knows. */
export interface World {
  address: string
  session: Awaited<ReturnType<BrowserContext['storageState']>>
  incident: string
  pastIncident: string
  knownIssue: string
  code: string
  maintenance: string
  month: string
  letter: string
  statement: string
  offer: string
  sms: string
  customer: string
  /** A list of affected customers, and a file of them that was read to its end, with rows that are not used. */
  affected: string
  file: string
  /** Everything asked for here happens at most a few times an hour from one network, as the program's limits want it. */
  confirmLink(locale: Locale, channel?: 'email' | 'webhook'): Promise<string>
  preferencesLink(locale: Locale, channel?: 'email' | 'webhook'): Promise<string>
  welcomeLink(): Promise<string>
  claimLink(door: ClaimPage): Promise<string>
  resolveAll(): Promise<void>
}

/** Looks around in the demonstration: signs in through the form and asks the program for one of everything. */
export async function exploreDemonstration(browser: Browser, { address, printed }: Running): Promise<World> {
  const token = /^API token +(\S+)$/m.exec(printed())?.[1]
  const session = await signIn(browser, address, printed())
  const context = await browser.newContext({ storageState: session })
  const ask = async <T>(path: string, method = 'GET', data?: object): Promise<T> => {
    // Whoever subscribes does it from a network of their own, where the program trusts this machine to say so.
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'X-Forwarded-For': `10.0.${people}.1`,
    }
    const answer = await fetch(address + path, { method, headers, ...(data && { body: JSON.stringify(data) }) })
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
    const text = await answer.text()
    return (text ? JSON.parse(text) : null) as T
  }
  const asStaff = async <T>(path: string, data?: object): Promise<T> => {
    const headers = { Origin: address }
    const answer = await (data
      ? context.request.post(address + path, { data, headers })
      : context.request.get(address + path))
    if (!answer.ok()) throw new Error(`${path} answered ${answer.status()}: ${await answer.text()}`)
    return (await answer.json()) as T
  }
  /** Letters are written while the program runs: the first ones may still be on their way. */
  const letterOf = (query: string) =>
    eventually(async () => {
      const { data } = await asStaff<{ data: { id: string }[] }>(`/api/v1/letters?${query}`)
      return data.length ? data : null
    }, `No letter (${query}) came.`)
  let people = 0
  let claims: ReturnType<typeof openClaims> | undefined

  /** The first link of this shape in the newest letter to an address. */
  async function linkTo(to: string, shape: RegExp): Promise<string> {
    const [{ id }] = (await letterOf(`address=${encodeURIComponent(to)}`)) as [{ id: string }]
    const { text } = await asStaff<{ text: string }>(`/api/v1/letters/${id}`)
    const link = shape.exec(text)?.[0]
    if (!link) throw new Error(`The letter to ${to} has no such link:\n${text}`)
    return link
  }
  async function confirmLink(locale: Locale, channel: 'email' | 'webhook' = 'email'): Promise<string> {
    const owner = `picture-${++people}@mail.example`
    const where =
      channel === 'email' ? { address: owner } : { address: `https://hooks.hezhou.example/${people}`, owner }
    await ask('/api/v1/subscriptions', 'POST', { channel, ...where, locale, website: '' })
    return linkTo(owner, /(\/[a-z-]+)?\/subscribe\/confirm\/[\w.~-]+/i)
  }

  const status = await ask<{
    at: string
    open: { id: string; code: string }[]
    knownIssues: { id: string }[]
    maintenances: { id: string }[]
  }>('/api/v1/status')
  /** A statement from the pre-approved template, its open places filled, as comms publishes it without asking anybody. */
  async function publishedStatement(incident: string): Promise<string> {
    const { data } = await ask<{ data: { key: string; title: Words; body: Words }[] }>('/api/v1/statements/templates')
    const template = data.find(({ key }) => key === 'holding')!
    const filled = (words: Words) =>
      Object.fromEntries(locales.map((locale) => [locale, fill(words[locale] ?? '', slots[locale] ?? slots.en ?? {})]))
    const { id } = await ask<{ id: string }>(`/api/v1/incidents/${incident}/statements`, 'POST', {
      type: 'holding',
      template: template.key,
      title: filled(template.title),
      body: filled(template.body),
    })
    await ask(`/api/v1/statements/${id}/publication`, 'POST', {})
    await eventually(
      async () => ((await fetch(`${address}/statements/${id}/`)).ok ? true : null),
      'The statement did not come out.',
    )
    return id
  }
  /** An apology that waits for legal, as the desk's first page says. */
  async function textWithLegal(incident: string): Promise<void> {
    const { id } = await ask<{ id: string }>(`/api/v1/incidents/${incident}/statements`, 'POST', {
      type: 'apology',
      title: { en: 'We are sorry for tonight', 'zh-CN': '关于今晚故障的致歉' },
      body: { en: 'We let you down since {started}.', 'zh-CN': '自{started}起，我们让您失望了。' },
    })
    await ask(`/api/v1/statements/${id}/review`, 'POST', {})
  }
  /** A coupon for whoever uses the service, as a draft. */
  async function draftedOffer(incident: string): Promise<string> {
    const both = (en: string, zh: string): Words => ({ en, 'zh-CN': zh })
    const { id } = await ask<{ id: string }>(`/api/v1/incidents/${incident}/offers`, 'POST', {
      title: both('A coupon for SMS packages', '短信套餐优惠券'),
      terms: both('Usable for 30 days.', '30 天内有效。'),
      basis: 'goodwill',
      value: { kind: 'coupon', amountMinor: 3_000 },
      currency: 'CNY',
      claimUntil: '2026-12-31T23:59:00+08:00',
      useWithinDays: 30,
    })
    return id
  }
  const { data: past } = await ask<{ data: { id: string }[] }>('/api/v1/incidents?status=resolved&limit=1')
  const one = (list: { id: string }[], what: string): string => {
    if (!list[0]) throw new Error(`The demonstration has no ${what}.`)
    return list[0].id
  }
  const incident = one(status.open, 'open incident')
  await textWithLegal(incident)
  const list = { description: 'Billing', customers: [{ customerId: 'HZ-100001', minutes: 89, feeMinor: 39900 }] }
  async function handIn(path: string): Promise<string> {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'text/csv' }
    const body = 'customer_id,minutes\nHZ-100001,89\nHZ-100001,88\nHZ-100002,-1\nHZ-1,2\n'
    const { id } = (await (await fetch(address + path, { method: 'POST', headers, body })).json()) as { id: string }
    await ask(`/api/v1/imports/${id}/columns`, 'POST', { columns: ['customer_id', 'minutes'], currency: 'CNY' })
    const isRead = async () => (await ask<{ state: string }>(`/api/v1/imports/${id}`)).state === 'read' || null
    await eventually(isRead, 'The file was not read.')
    return id
  }
  return {
    address,
    session,
    incident,
    statement: await publishedStatement(incident),
    offer: await draftedOffer(incident),
    code: status.open[0]!.code,
    pastIncident: one(past, 'past incident'),
    knownIssue: one(status.knownIssues, 'known issue'),
    maintenance: one(status.maintenances, 'maintenance'),
    month: status.at.slice(0, 7),
    letter: one(await letterOf('channel=email'), 'mail'),
    sms: one(await letterOf('channel=sms'), 'text'),
    customer: one((await ask<{ data: { id: string }[] }>('/api/v1/customers?limit=1')).data, 'customer'),
    affected: (await ask<{ id: string }>(`/api/v1/incidents/${incident}/affected`, 'POST', list)).id,
    file: await handIn(`/api/v1/imports?kind=affected&incident=${incident}`),
    confirmLink,
    async preferencesLink(locale, channel) {
      const confirm = await confirmLink(locale, channel)
      const { preferences } = await ask<{ preferences: string }>(
        `/api/v1/confirmations/${confirm.slice(confirm.lastIndexOf('/') + 1)}`,
        'POST',
      )
      return `/preferences/${preferences}`
    },
    async claimLink(door) {
      claims ??= openClaims(
        {
          ask,
          linkTo,
          eventually,
          approve: (id, hash) => asStaff(`/api/v1/offers/${id}/approval`, { decision: 'approved', hash }),
        },
        one(past, 'past incident'),
      )
      return (await claims)(door)
    },
    async welcomeLink() {
      const someone = { name: 'Guan Yue', email: `guan-${++people}@hezhou.example`, roles: ['viewer'] }
      const { url } = await asStaff<{ url: string }>('/api/v1/people', someone)
      return new URL(url).pathname
    },
    async resolveAll() {
      const body = { en: 'Orders go through again.', 'zh-CN': '下单已恢复正常。' }
      for (const { id } of status.open)
        await ask(`/api/v1/incidents/${id}/updates`, 'POST', { status: 'resolved', body })
      await eventually(
        async () => (await ask<{ open: unknown[] }>('/api/v1/status')).open.length === 0 || null,
        'The page did not become calm.',
      )
    },
  }
}

/** What a person fills into the template. */
const slots: Partial<Record<Locale, Record<string, string>>> = {
  en: {
    service: 'order placement',
    state: 'is failing for most merchants',
    level: 'highest',
    knownNot: 'The cause is not confirmed yet',
    next: '21:30',
    whom: 'the merchants and shoppers who are',
  },
  'zh-CN': {
    service: '下单服务',
    state: '大面积异常',
    level: '最高级别',
    knownNot: '原因尚待确认',
    next: '21:30',
    whom: '商家和买家',
  },
}

/** Asks again until there is something, for twenty seconds. Throws this sentence when nothing came. */
export async function eventually<T>(ask: () => Promise<T | null>, otherwise: string): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await ask()
    if (found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(otherwise)
}

/** Signs in with what the demonstration printed, through the form. */
export async function signIn(browser: Browser, address: string, printed: string): Promise<World['session']> {
  const [, , email, password] = /^Admin +(\S+) +(\S+) +(\S+)$/m.exec(printed)?.map(String) ?? []
  if (!email || !password) throw new Error(`The demonstration printed no login:\n${printed}`)
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${address}/admin/sign-in`)
  await page.fill('input[type=email]', email)
  await page.fill('input[type=password]', password)
  await Promise.all([page.waitForURL((url) => !url.pathname.includes('sign-in')), page.click('button.main')])
  const state = await context.storageState()
  await context.close()
  return state
}
