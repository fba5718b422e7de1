import { defineMiddleware } from 'astro:middleware'
import { randomBytes } from 'node:crypto'
import type { APIContext, MiddlewareNext } from 'astro'
import { allows, pagePermission } from '#api/accounts/permissions.ts'
import { isLocale, type Locale, localeFor } from '#content/locales.ts'
import { carriedFrom, carriedPrefix, carriedTo, problemOf, readForm, Unanswered } from './ui/admin/forms.ts'

const languageCookie = 'candor-language'
const languageSeconds = 365 * 24 * 3_600

/** The desk's pages are nobody's to keep or to find; the front door says the rest. */
export const onRequest = defineMiddleware(async (context, next) => {
  const { locals, url } = context
  if (locals.publishing || !/^\/admin(\/|$)/.test(url.pathname)) return next()
  const response = await openDesk(context, next)
  response.headers.set('cache-control', 'no-store')
  response.headers.set('x-robots-tag', 'noindex')
  return response
})

/**
 * Stands in front of the desk: every admin page asks the one table of permissions, and one without a row does not
 * exist, which a page of the desk says. Whoever is not signed in is asked to, and what they posted goes along in the page, so that no draft is lost; so it does while nobody can be looked up.
 */
async function openDesk(context: APIContext, next: MiddlewareNext): Promise<Response> {
  const { locals, request, url } = context
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const row = pagePermission(method, url.pathname)
  locals.locale = chooseLanguage(context)
  locals.person = null
  locals.nonce = randomBytes(16).toString('base64url')
  locals.form = null
  locals.carried = null
  locals.restored = false

  if (row && method === 'POST') {
    // A clone, because a request whose body was read cannot be handed on to another page.
    const form = await readForm(request.clone())
    if (!form) return new Response('This form is too large.', { status: 413 })
    locals.form = form
    if (form.has(carriedTo) && url.pathname !== '/admin/sign-in') {
      locals.restored = true
      locals.form = new FormData()
      for (const [name, value] of carriedFrom(form)) locals.form.append(name, value)
    }
  }
  const session = await locals.api.api.v1.session.$get()
  if (session.ok) locals.person = await session.json()
  const away = Number(session.status) >= 500
  if (away) locals.trouble ??= (await problemOf(session))?.message ?? null
  if (!row) return next('/admin/missing')
  return away && row.who !== 'public' ? unavailable() : answer()

  function answer(): Promise<Response> {
    if (row?.who === 'public') return next()
    if (locals.person) return row && allows(row, locals.person.roles) ? page() : next('/admin/denied')
    if (method === 'GET')
      return Promise.resolve(
        context.redirect(`/admin/sign-in?next=${encodeURIComponent(url.pathname + url.search)}`, 303),
      )
    carry()
    return next('/admin/sign-in')
  }

  async function page(): Promise<Response> {
    try {
      return await next()
    } catch (error) {
      if (!(error instanceof Unanswered) || error.status < 500) throw error
      locals.trouble ??= error.message
      return unavailable()
    }
  }

  /** The record cannot be read: the page that says why keeps what they typed. */
  function unavailable(): Promise<Response> {
    if (method !== 'GET') carry()
    return next('/admin/unavailable')
  }

  function carry(): void {
    const typed = [...(locals.form ?? [])].filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    locals.carried = { to: url.pathname, fields: typed.filter(([name]) => !name.startsWith(carriedPrefix)) }
  }
}

/** ?lang= chooses and is kept; then what was kept; then what the browser asks for; then the site's own language. */
function chooseLanguage({ url, cookies, request, locals }: APIContext): Locale {
  const asked = url.searchParams.get('lang') ?? ''
  if (isLocale(asked)) {
    cookies.set(languageCookie, asked, { path: '/admin', maxAge: languageSeconds, sameSite: 'lax', httpOnly: true })
    return asked
  }
  const kept = cookies.get(languageCookie)?.value ?? ''
  if (isLocale(kept)) return kept
  const wanted = (request.headers.get('accept-language') ?? '').split(',').map((part) => part.trim())
  for (const tag of wanted) {
    const locale = localeFor(tag.split(';')[0] ?? '')
    if (locale) return locale
  }
  return locals.site.defaultLocale
}
