/** An address as somebody who need not know it may see it: "w***@mail.example", "+86*******8000". */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@')
  if (at > 0) return `${[...address][0]}***${address.slice(at)}`
  if (address.length < 8) return '***'
  return `${address.slice(0, 3)}${'*'.repeat(address.length - 7)}${address.slice(-4)}`
}

const addressReaders = ['owner', 'lead', 'comms', 'coordination', 'machine']

/** Whether somebody with these roles sees addresses whole; everybody else sees them masked. */
export const maySeeAddresses = (roles: readonly string[]): boolean =>
  roles.some((role) => addressReaders.includes(role))
