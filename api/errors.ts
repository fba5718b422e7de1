/** The few ways a request can go wrong. The HTTP status stands beside the word; routes add nothing. */
export const errorStatus = {
  malformed: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  invalid: 422,
  too_many: 429,
  unavailable: 503,
} as const

export type ErrorCode = keyof typeof errorStatus

/**
 * An error whose sentence a person can act on. `fields` names inputs ("components.0.status") with a sentence each.
 * Anything else that is thrown is a fault of ours and is never shown.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly fields: Record<string, string> | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    more: { fields?: Record<string, string>; retryAfterSeconds?: number } = {},
  ) {
    super(message)
    this.name = 'AppError'
    this.code = code
    this.fields = more.fields
    this.retryAfterSeconds = more.retryAfterSeconds
  }
}

export const invalid = (message: string, fields?: Record<string, string>) =>
  new AppError('invalid', message, fields ? { fields } : {})
export const notFound = (what: string) => new AppError('not_found', `${what} does not exist.`)
export const conflict = (message: string) => new AppError('conflict', message)

/** The body of every error answer: {error: {code, message, fields?}}. Malformed JSON is `invalid` with status 400. */
export function errorBody(error: AppError) {
  const code = error.code === 'malformed' ? 'invalid' : error.code
  return { error: { code, message: error.message, ...(error.fields ? { fields: error.fields } : {}) } }
}
