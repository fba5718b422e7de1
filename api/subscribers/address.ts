import { AppError } from '#api/errors.ts'
import { hintOf, isSealed } from '#api/lib/seal.ts'

/**
 * An address as the record may hold it, whatever notation it is written in: in the normal form of each channel that can
 * read it. One that none can read is looked for as it stands.
 */
export function normalForms(channels: readonly { parse(input: string): string }[], address: string): string[] {
  const forms = channels.flatMap((channel) => {
    try {
      return [channel.parse(address)]
    } catch (error) {
      if (error instanceof AppError) return []
      throw error
    }
  })
  return forms.length ? [...new Set(forms)] : [address.trim().toLowerCase()]
}

/** An address as staff see it, whole or masked. One that is a secret shows its last four characters to everybody. */
export const shownAddress = (address: string, whole: boolean): string =>
  whole && !isSealed(address) ? address : maskAddress(address)

/** An address as somebody who need not know it may see it: "w***@mail.example", "+86*******8000", "…1f9c" of a secret one. */
export function maskAddress(address: string): string {
  const hint = hintOf(address)
  if (hint !== null) return `…${hint}`
  const at = address.lastIndexOf('@')
  if (at > 0) return `${[...address][0]}***${address.slice(at)}`
  if (address.length < 8) return '***'
  return `${address.slice(0, 3)}${'*'.repeat(address.length - 7)}${address.slice(-4)}`
}

const addressReaders = ['owner', 'lead', 'comms', 'coordination', 'machine']

/** Whether somebody with these roles sees addresses whole; everybody else sees them masked. */
export const maySeeAddresses = (roles: readonly string[]): boolean =>
  roles.some((role) => addressReaders.includes(role))
