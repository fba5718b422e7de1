import { invalid } from '#api/errors.ts'

/** RFC 5321 4.5.3.1: 64 characters before the @, 254 in all. */
const localLengthMax = 64
const addressLengthMax = 254
const label = '[a-z0-9\\u0080-\\uffff](?:[a-z0-9\\u0080-\\uffff-]{0,61}[a-z0-9\\u0080-\\uffff])?'
const shape = new RegExp(`^[a-z0-9.!#$%&'*+/=?^_\`{|}~-]+@(?:${label}\\.)+${label}$`)

/** A mail address in its normal form, lower-case. Throws AppError('invalid') with a sentence. */
export function parseEmail(input: string): string {
  const address = input.trim().toLowerCase()
  const local = address.split('@')[0]!
  if (
    address.length > addressLengthMax ||
    local.length > localLengthMax ||
    !shape.test(address) ||
    /^\.|\.\.|\.@/.test(address)
  )
    throw invalid('This is not a mail address that we can write to.', { address: 'Write it like name@example.com.' })
  return address
}
