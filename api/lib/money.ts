/** A price of one thing, finer than money can be paid: 1,000,000 micros are one unit of the currency. */
export interface Price {
  micros: number
  /** ISO 4217. */
  currency: string
}

const microsPerUnit = 1_000_000

const known = new Map<string, number>()

/** How many digits a currency has behind the point: 2 for CNY, none for JPY. Asked once for each, for asking is slow. */
export function digitsOf(currency: string): number {
  const digits =
    known.get(currency) ??
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ??
    2
  known.set(currency, digits)
  return digits
}

/** Reads "0.05 CNY", with six digits behind the point at the most; null when it is no price. */
export function readPrice(text: string): Price | null {
  const [, units, rest = '', currency] = /^(\d{1,6})(?:\.(\d{1,6}))? ([A-Z]{3})$/.exec(text.trim()) ?? []
  if (!units || !currency || !Intl.supportedValuesOf('currency').includes(currency)) return null
  return { micros: Number(units) * microsPerUnit + Number(rest.padEnd(6, '0')), currency }
}

/** A price that is given in the smallest coin of its currency. */
export const priceOfMinor = ({ amountMinor, currency }: { amountMinor: number; currency: string }): Price => ({
  micros: amountMinor * (microsPerUnit / 10 ** digitsOf(currency)),
  currency,
})

/** What so many things cost, in the smallest coin of the currency, rounded up: an estimate never says too little. */
export function costOf({ micros, currency }: Price, count: number): { amountMinor: number; currency: string } {
  return { amountMinor: Math.ceil((micros * count) / (microsPerUnit / 10 ** digitsOf(currency))), currency }
}
