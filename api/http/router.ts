import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Actor } from '#api/audit/audit.ts'
import { databaseTrouble } from '#api/db/trouble.ts'
import { AppError, errorBody, errorStatus, invalid } from '#api/errors.ts'
import type { Log } from '#api/lib/log.ts'

/** What a route finds in its context: who asks, as accounts/guards decided before the route ran. */
export interface Env {
  Variables: { actor: Actor }
}

/** A router of one slice: inputs are checked by zod, and what does not fit answers 422 with the field and a sentence. */
export const newRouter = () =>
  new OpenAPIHono<Env>({
    defaultHook(result) {
      if (result.success) return
      const fields: Record<string, string> = {}
      for (const issue of result.error.issues) {
        const unknown = issue.code === 'unrecognized_keys' ? issue.keys : null
        for (const key of unknown ?? ['']) {
          const path = [...issue.path, ...(key ? [key] : [])].join('.') || 'body'
          fields[path] ??= unknown ? 'This field is not known here.' : sentenceOf(issue)
        }
      }
      throw invalid(`Some fields need your attention: ${Object.keys(fields).join(', ')}.`, fields)
    },
  })

const kinds: Record<string, string> = {
  array: 'a list',
  object: 'an object',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
}

/** A sentence a person can act on, also where zod would speak of types. */
function sentenceOf(issue: { code?: string | undefined; message: string; expected?: unknown }): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return sentence(issue.message)
  if (/received undefined$/.test(issue.message)) return 'This is missing.'
  return `This must be ${kinds[String(issue.expected)] ?? `a ${String(issue.expected)}`}.`
}

const sentence = (text: string) => (/[.!?。]$/.test(text) ? text : `${text}.`)

/** Answers an error as {error: {code, message, fields?}}. What is not an AppError is logged by name and never shown. */
export function answerError(error: Error, c: Context, log: Log): Response {
  let shown = error
  if (!(shown instanceof AppError) && /malformed json/i.test(shown.message))
    shown = new AppError('malformed', 'The body is not valid JSON.')
  else if (shown instanceof HTTPException && shown.status < 500)
    shown = new AppError(
      shown.status === 404 ? 'not_found' : 'invalid',
      sentence(shown.message || 'This request cannot be read'),
    )
  const trouble = shown instanceof AppError ? null : databaseTrouble(shown)
  if (trouble !== null) {
    log('error', 'request.database', { path: c.req.routePath ?? '', name: error.name, message: error.message })
    shown = new AppError('unavailable', trouble)
  }
  if (shown instanceof AppError) {
    if (shown.retryAfterSeconds !== undefined) c.header('Retry-After', String(Math.ceil(shown.retryAfterSeconds)))
    return c.json(errorBody(shown), errorStatus[shown.code] as ContentfulStatusCode)
  }
  log('error', 'request.failed', { path: c.req.routePath ?? '', name: error.name, message: error.message })
  return c.json({ error: { code: 'internal', message: 'Something went wrong on our side. Nothing was changed.' } }, 500)
}
