import type { Page, Response } from 'playwright-core'
import type { Locale, Words } from '#content/locales.ts'
import { locales } from '#content/locales.ts'
import { claimDoors } from './claims.ts'
import type { World } from './world.ts'

/**
 * A page as somebody meets it: an address, and what they did there. The one list of these is read by whatever looks at
 * every page: axe, html-validate, the pictures. A new page is one line here.
 */
export interface State {
  /** Of its picture: two states never share one. */
  name: string
  /** Below the language's own part, or of the desk. */
  path: string | ((world: World, locale: Locale) => string | Promise<string>)
  /** What the last document that came answered with; 200 when left out. */
  status?: number
  /** What is done there, through the form as it stands. */
  act?: (page: Page) => Promise<unknown>
  /** Without a session at the desk. */
  stranger?: boolean
}

/** Fills in fields by their names, and posts the form of this button though the browser itself would ask for more. */
function filled(fields: Record<string, string>, button = 'main button.main, main form button:not(.unseen)') {
  return async (page: Page) => {
    await page.evaluate(() => {
      for (const form of document.forms) form.noValidate = true
    })
    for (const [name, value] of Object.entries(fields)) {
      const field = page.locator(`main [name="${name}"]:visible`).first()
      if ((await field.evaluate((element) => element.tagName)) === 'SELECT') await field.selectOption(value)
      else if ((await field.getAttribute('type'))?.match(/radio|checkbox/))
        await page.locator(`main [name="${name}"][value="${value}"]:visible`).first().check()
      else await field.fill(value)
    }
    await pressed(button)(page)
  }
}

/** Presses a button that posts, and waits for the page that follows. */
const pressed = (button: string) => async (page: Page) => {
  await Promise.all([
    page.waitForEvent('response', (response) => isDocument(response) && !isForward(response)),
    page.locator(button).locator('visible=true').first().click(),
  ])
  await page.waitForLoadState('load')
}

const isDocument = (response: Response) => response.request().isNavigationRequest() && !response.frame().parentFrame()
const isForward = (response: Response) => response.status() >= 300 && response.status() < 400

const first = { en: 'Orders fail in two regions.', 'zh-CN': '两个地区无法下单。' }
const bothBodies = { 'body.en': first.en, 'body.zh-CN': first['zh-CN'] }

/** Some of the API's page is unfolded: one section and the first shapes. */
function openSome(): void {
  const folded = document.querySelectorAll<HTMLDetailsElement>('#Incidents details, #shapes details:nth-of-type(-n+5)')
  for (const one of folded) one.open = true
}

/** What the public can open. */
const publicStates: State[] = [
  { name: 'home', path: '/' },
  { name: 'home-days', path: '/', act: (page) => page.locator('summary').first().click() },
  { name: 'home-news', path: '/', act: (page) => page.evaluate(showNews) },
  { name: 'incident', path: ({ incident }) => `/incidents/${incident}/` },
  { name: 'past-incident', path: ({ pastIncident }) => `/incidents/${pastIncident}/` },
  { name: 'known-issue', path: ({ knownIssue }) => `/incidents/${knownIssue}/` },
  { name: 'maintenance', path: ({ maintenance }) => `/maintenance/${maintenance}/` },
  { name: 'history', path: '/history/' },
  { name: 'history-found', path: '/history/', act: (page) => search(page, { en: 'report', 'zh-CN': '报表' }) },
  { name: 'history-none', path: '/history/', act: (page) => search(page, { en: 'zebra', 'zh-CN': '斑马' }) },
  { name: 'statements', path: '/statements/' },
  { name: 'statement', path: ({ statement }) => `/statements/${statement}/` },
  { name: 'month', path: ({ month }) => `/history/${month}/` },
  { name: 'uptime', path: '/uptime/' },
  { name: 'api-docs', path: '/api/docs/' },
  { name: 'api-docs-open', path: '/api/docs/#post-api-v1-incidents', act: (page) => page.evaluate(openSome) },
  { name: 'how-we-communicate', path: '/how-we-communicate/' },
  { name: 'privacy', path: '/privacy/' },
  { name: 'missing', path: '/no-such-page/', status: 404 },
  { name: 'feedback', path: ({ pastIncident }) => `/feedback/${pastIncident}/` },
  { name: 'feedback-thanks', path: ({ pastIncident }) => `/feedback/${pastIncident}/thanks/` },
  { name: 'rating-dead', path: ({ pastIncident }) => `/feedback/${pastIncident}/nothing`, status: 404 },
  { name: 'subscribe', path: '/subscribe/' },
  { name: 'subscribe-services', path: '/subscribe/', act: (page) => page.locator('[value=services]').first().check() },
  { name: 'subscribe-endpoint', path: '/subscribe/', act: (page) => page.locator('summary').first().click() },
  { name: 'subscribe-refused', path: '/subscribe/', status: 422, act: filled({ address: 'wang@' }) },
  {
    name: 'subscribe-none-ticked',
    path: '/subscribe/',
    status: 422,
    act: filled({ address: 'wang@mail.example', what: 'services' }),
  },
  { name: 'check', path: '/subscribe/check/' },
  { name: 'check-mail', path: '/subscribe/', act: filled({ address: 'picture-check@mail.example' }) },
  {
    name: 'check-code-wrong',
    path: '/subscribe/check/',
    status: 422,
    act: filled({ address: '+86 138 0013 8000', code: '12' }),
  },
  { name: 'manage', path: '/subscribe/manage/' },
  { name: 'manage-refused', path: '/subscribe/manage/', status: 422, act: filled({ address: 'wang' }) },
  { name: 'manage-sent', path: '/subscribe/manage/', act: filled({ address: 'picture-lost@mail.example' }) },
  { name: 'confirm', path: ({ confirmLink }, locale) => confirmLink(locale) },
  { name: 'confirm-done', path: ({ confirmLink }, locale) => confirmLink(locale), act: pressed('button.main') },
  { name: 'confirm-dead', path: '/subscribe/confirm/nothing', status: 404 },
  { name: 'preferences', path: ({ preferencesLink }, locale) => preferencesLink(locale) },
  {
    name: 'preferences-saved',
    path: ({ preferencesLink }, locale) => preferencesLink(locale),
    act: pressed('button.main'),
  },
  { name: 'preferences-endpoint', path: ({ preferencesLink }, locale) => preferencesLink(locale, 'webhook') },
  { name: 'preferences-dead', path: '/preferences/nothing', status: 404 },
  {
    name: 'unsubscribe',
    path: ({ preferencesLink }, locale) => preferencesLink(locale),
    act: pressed('form[action*=unsubscribe] button'),
  },
  { name: 'unsubscribe-dead', path: '/unsubscribe/nothing', status: 404 },
  { name: 'claim-dead', path: '/claims/nothing/', status: 404 },
  ...claimDoors.map(
    (door): State => ({
      name: `claim-${door.replace('_', '-')}`,
      // Without the mark it stands in the customer's own language.
      path: async ({ claimLink }) => `${await claimLink(door)}?chosen`,
      ...(['closed', 'expired', 'revoked'].includes(door) && { status: 410 }),
      ...(door === 'taken' && { act: pressed('button.main') }),
    }),
  ),
  { name: 'leave-offers-dead', path: '/unsubscribe/offers/nothing', status: 404 },
  { name: 'admin-offers', path: ({ incident }) => `/admin/incidents/${incident}/compensation` },
  { name: 'admin-offer-which', path: ({ incident }) => `/admin/incidents/${incident}/compensation/new` },
  { name: 'admin-offer-new', path: ({ incident }) => `/admin/incidents/${incident}/compensation/new?kind=coupon` },
  { name: 'admin-offer-credit', path: ({ incident }) => `/admin/incidents/${incident}/compensation/new?kind=credit` },
  {
    name: 'admin-offer-refused',
    path: ({ incident }) => `/admin/incidents/${incident}/compensation/new?kind=refund`,
    status: 422,
    act: pressed('main [name=action][value=preview]'),
  },
  {
    name: 'admin-offer-worth',
    path: ({ incident }) => `/admin/incidents/${incident}/compensation/new?kind=service_extension`,
    act: pressed('main [name=action][value=preview]'),
  },
  { name: 'admin-offer', path: ({ incident, offer }) => `/admin/incidents/${incident}/compensation/${offer}` },
]

/** The desk, before and after signing in. */
const deskStates: State[] = [
  { name: 'sign-in', path: '/admin/sign-in', stranger: true },
  {
    name: 'sign-in-refused',
    path: '/admin/sign-in',
    stranger: true,
    status: 401,
    act: filled({ email: 'nobody@hezhou.example', password: 'a wrong one' }),
  },
  { name: 'welcome', path: ({ welcomeLink }) => welcomeLink(), stranger: true },
  {
    name: 'welcome-refused',
    path: ({ welcomeLink }) => welcomeLink(),
    stranger: true,
    status: 422,
    act: filled({ password: 'short' }),
  },
  { name: 'welcome-gone', path: '/admin/welcome/nothing', stranger: true, status: 404 },
  { name: 'desk', path: '/admin' },
  { name: 'new-incident', path: '/admin/incidents/new' },
  { name: 'new-incident-refused', path: '/admin/incidents/new', status: 422, act: pressed('button[value=publish]') },
  {
    name: 'new-incident-preview',
    path: '/admin/incidents/new',
    act: filled({ ...bothBodies, 'title.en': first.en, 'title.zh-CN': first['zh-CN'] }, '.actions [value=preview]'),
  },
  { name: 'composer', path: ({ incident }) => `/admin/incidents/${incident}` },
  {
    name: 'composer-refused',
    path: ({ incident }) => `/admin/incidents/${incident}`,
    status: 422,
    act: pressed('button[value=publish]'),
  },
  {
    name: 'composer-preview',
    path: ({ incident }) => `/admin/incidents/${incident}`,
    act: filled(bothBodies, '.actions [value=preview]'),
  },
  {
    name: 'composer-ask',
    path: ({ incident }) => `/admin/incidents/${incident}`,
    status: 422,
    act: filled(bothBodies, 'button[value=publish]'),
  },
  {
    name: 'composer-facts',
    path: ({ incident }) => `/admin/incidents/${incident}`,
    act: (page) => page.locator('main details:has(#facts) > summary').click(),
  },
  { name: 'past-composer', path: ({ pastIncident }) => `/admin/incidents/${pastIncident}` },
  { name: 'ledger', path: ({ incident }) => `/admin/incidents/${incident}/deliveries` },
  { name: 'ledger-none', path: ({ incident }) => `/admin/incidents/${incident}/deliveries?address=nobody` },
  { name: 'review-none', path: ({ incident }) => `/admin/incidents/${incident}/review` },
  {
    name: 'review',
    path: ({ pastIncident }) => `/admin/incidents/${pastIncident}/review`,
    act: async (page) => (await page.locator('[value=start]').count()) && pressed('[value=start]')(page),
  },
  { name: 'reviews', path: '/admin/reviews' },
  { name: 'statements-desk', path: ({ incident }) => `/admin/incidents/${incident}/statements` },
  { name: 'statement-new', path: ({ incident }) => `/admin/incidents/${incident}/statements/new` },
  { name: 'statement-desk', path: ({ incident, statement }) => `/admin/incidents/${incident}/statements/${statement}` },
  { name: 'questions', path: ({ incident }) => `/admin/incidents/${incident}/questions` },
  { name: 'customers-said', path: ({ pastIncident }) => `/admin/incidents/${pastIncident}/feedback` },
  { name: 'letters', path: '/admin/letters' },
  { name: 'letters-none', path: '/admin/letters?address=nobody' },
  { name: 'letter', path: ({ letter }) => `/admin/letters/${letter}` },
  { name: 'letter-sms', path: ({ sms }) => `/admin/letters/${sms}` },
  { name: 'search', path: '/admin/search' },
  { name: 'search-unknown', path: '/admin/search?address=nobody%40mail.example' },
  {
    name: 'search-found',
    path: '/admin/letters?channel=email',
    act: async (page) => {
      const address = await page.locator('tbody td:nth-child(2)').last().textContent()
      await page.goto(`${new URL(page.url()).origin}/admin/search?address=${encodeURIComponent(address ?? '')}`)
    },
  },
  { name: 'alarms', path: '/admin/alarms' },
  { name: 'audit', path: '/admin/audit' },
  { name: 'account', path: '/admin/account' },
  {
    name: 'account-refused',
    path: '/admin/account',
    status: 422,
    act: filled({ current: 'a wrong one', fresh: 'short' }),
  },
  { name: 'subscribers', path: '/admin/subscribers' },
  { name: 'subscribers-none', path: '/admin/subscribers?address=nobody' },
  { name: 'customers', path: '/admin/customers' },
  { name: 'customers-none', path: '/admin/customers?search=zebra' },
  { name: 'customer', path: ({ customer }) => `/admin/customers/${customer}` },
  { name: 'customer-new', path: '/admin/customers/new' },
  {
    name: 'customer-refused',
    path: '/admin/customers/new',
    status: 422,
    act: filled({ externalId: 'X-1', name: 'X', fee: '-3', currency: 'CNY' }, 'main button.main'),
  },
  { name: 'customers-import', path: '/admin/customers/import' },
  { name: 'import-read', path: ({ file }) => `/admin/imports/${file}` },
  { name: 'affected', path: ({ incident }) => `/admin/incidents/${incident}/affected` },
  {
    name: 'affected-refused',
    path: ({ incident }) => `/admin/incidents/${incident}/affected`,
    status: 422,
    act: filled({ description: 'Nobody' }, '#rule button.main'),
  },
  { name: 'affected-list', path: ({ affected }) => `/admin/affected/${affected}` },
  { name: 'components', path: '/admin/components' },
  { name: 'components-open', path: '/admin/components', act: (page) => page.locator('main summary').first().click() },
  { name: 'components-refused', path: '/admin/components', status: 422, act: pressed('main button.main') },
  { name: 'planned', path: '/admin/maintenance' },
  { name: 'planned-refused', path: '/admin/maintenance', status: 422, act: pressed('main button.main') },
  { name: 'people', path: '/admin/people' },
  { name: 'people-refused', path: '/admin/people', status: 422, act: filled({ name: '', email: 'guan@' }) },
  { name: 'tokens', path: '/admin/tokens' },
  { name: 'tokens-made', path: '/admin/tokens', act: filled({ name: 'Picture' }) },
  { name: 'tokens-refused', path: '/admin/tokens', status: 422, act: filled({ name: '' }) },
  { name: 'desk-missing', path: '/admin/no-such-page', status: 404 },
  { name: 'desk-denied', path: '/admin/denied', status: 403 },
]

export const states: readonly State[] = [...publicStates, ...deskStates]

/** Opens a state in a language and does what it says there. Gives the document as it came. Throws when it answers otherwise than the list says. */
export async function visit(page: Page, world: World, state: State, locale: Locale): Promise<string> {
  let last: Response | undefined
  const note = (response: Response) => {
    if (isDocument(response) && !isForward(response)) last = response
  }
  page.on('response', note)
  const path = typeof state.path === 'string' ? state.path : await state.path(world, locale)
  const named = locales.some((one) => path.startsWith(`/${one}/`))
  const desk = path.startsWith('/admin')
  const prefix = desk || named || locale === 'en' ? '' : `/${locale}`
  await page.goto(`${world.address}${prefix}${path}`)
  await state.act?.(page)
  page.off('response', note)
  const wanted = state.status ?? 200
  if (last?.status() !== wanted)
    throw new Error(`${state.name}: ${page.url()} answered ${last?.status()}, not ${wanted}.`)
  return last.text()
}

/** What an open page says when there is news. Runs in the browser. */
function showNews(): void {
  const line = document.querySelector<HTMLElement>('.fresh')!
  line.textContent = `${line.dataset.news} `
  const show = line.appendChild(document.createElement('a'))
  show.href = location.pathname
  show.textContent = line.dataset.show ?? ''
}

/** Types into the search of the history and waits until it has looked through all months. */
async function search(page: Page, words: Words & { en: string }): Promise<void> {
  const locale = (await page.getAttribute('html', 'lang')) as Locale
  await page.fill('#query', words[locale] ?? words.en)
  await page.waitForFunction(() => {
    const form = document.querySelector<HTMLFormElement>('form.search')
    const said = form?.querySelector('p')?.textContent
    return said && said !== form?.dataset.searching
  })
}
