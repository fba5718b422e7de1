import { digitsOf } from '#api/lib/money.ts'

/** How a fraction of the smallest coin is settled; one rule per offer. */
export const roundings = ['half_up', 'up', 'down'] as const
export type Rounding = (typeof roundings)[number]

/** The largest amount of one offer or claim, in the smallest coin: sums of 100,000 of them stay exact. */
export const amountMinorMax = 10_000_000_000

/** numerator / denominator as a whole number of coins. Both are whole and not negative, the denominator is not zero. */
export function divide(numerator: bigint, denominator: bigint, rounding: Rounding): number {
  const whole = numerator / denominator
  const rest = numerator % denominator
  const more = rounding === 'up' ? rest > 0n : rounding === 'half_up' ? rest * 2n >= denominator : false
  return Number(more ? whole + 1n : whole)
}

/** A number as it is written, "99.9", exactly: units over 10 to the power of its digits. */
export interface Decimal {
  units: bigint
  scale: bigint
}

/** Reads "99.9" or "0.0001", with `digitsMax` behind the point at the most; null when it is no such number. */
export function readDecimal(text: string, digitsMax = 6): Decimal | null {
  const [, whole, rest = ''] = /^(\d{1,9})(?:\.(\d+))?$/.exec(text.trim()) ?? []
  if (whole === undefined || rest.length > digitsMax) return null
  return { units: BigInt(whole + rest), scale: 10n ** BigInt(rest.length) }
}

/** The same where the text has been checked before. Throws when it was not. */
export function decimal(text: string): Decimal {
  const read = readDecimal(text)
  if (!read) throw new Error(`"${text}" is no decimal number.`)
  return read
}

/**
 * Reads "1,299.00" or "30" into the smallest coin; null when it is no amount, negative, or finer than the currency.
 * A comma only ever groups thousands.
 */
export function readAmount(text: string, currency: string): number | null {
  const plain = text.trim().replace(/[\s,，](?=\d{3}(\D|$))/g, '')
  const digits = digitsOf(currency)
  const read = readDecimal(plain, digits)
  if (!read) return null
  const minor = Number((read.units * 10n ** BigInt(digits)) / read.scale)
  return minor <= amountMinorMax ? minor : null
}

/** An amount in the smallest coin as people write it, without its currency: "1,299.00". */
export function showAmount(minor: number, currency: string): string {
  const digits = digitsOf(currency)
  const sign = minor < 0 ? '-' : ''
  const text = String(Math.abs(minor)).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ',')
  return digits ? `${sign}${whole}.${text.slice(-digits)}` : `${sign}${whole}`
}
