import type { APIRoute } from 'astro'

/** Ends the session, in the record and in the browser. */
export const POST: APIRoute = async ({ locals }) => {
  const answer = await locals.api.api.v1.session.$delete()
  const headers = new Headers({ location: '/admin/sign-in' })
  for (const cookie of answer.headers.getSetCookie()) headers.append('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}
