import { invalid } from '#api/errors.ts'

/** RFC 5321, 4.5.3.1: what a mail path can carry. */
const addressLengthMax = 254
const localPartLengthMax = 64

const localPart = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
const domainLabel = /^[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u

const refuseEmail = () =>
  invalid('This is not an email address. One looks like name@example.com.', {
    address: 'Enter an email address such as name@example.com.',
  })

/**
 * A mail address in the form the record keeps: lower-case, without spaces around it. Two people never share a mailbox
 * that differs by case alone in practice, so the local part is lowered too. Throws AppError invalid with a sentence.
 */
export function parseEmail(input: string): string {
  const text = input.normalize('NFKC').trim().toLowerCase()
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  const labels = text.slice(at + 1).split('.')
  const sound =
    at > 0 &&
    text.length <= addressLengthMax &&
    local.length <= localPartLengthMax &&
    localPart.test(local) &&
    labels.length > 1 &&
    labels.every((label) => domainLabel.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  if (!sound) throw refuseEmail()
  return text
}
