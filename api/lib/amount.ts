import { digitsOf } from './money.ts'

/** The largest amount that is read, in the smallest coin: sums of a million of them stay exact. */
export const amountMinorMax = 1_000_000_000_00

/** Why a text is no amount. "digits": finer than the currency's smallest coin. "currency": it names another one. */
export type AmountFault = 'malformed' | 'negative' | 'digits' | 'currency' | 'large'

/** Signs that spreadsheets put in front of amounts, with the currencies they may stand for. */
const signs: Record<string, readonly string[]> = {
  '¥': ['CNY', 'JPY'],
  元: ['CNY'],
  $: ['USD', 'SGD', 'HKD', 'AUD', 'CAD', 'NZD', 'TWD'],
  '€': ['EUR'],
  '£': ['GBP'],
}

const currencies = new Set(Intl.supportedValuesOf('currency'))

/** Whether this is a currency of ISO 4217. */
export const isCurrency = (code: string): boolean => currencies.has(code)

/**
 * Reads an amount as people and spreadsheets write it into the smallest coin of its currency, digit by digit and never as
 * a fraction: "9,800.00", "9 800", "9800,5", "￥9,800.00", "9800 CNY". A comma with one or two digits behind it at the
 * end is a decimal comma; with three it stands between thousands. What cannot be read for certain is not guessed.
 */
export function readAmount(text: string, currency: string): number | { fault: AmountFault } {
  const named = withoutCurrency(text.normalize('NFKC').trim(), currency)
  if (typeof named !== 'string') return named
  if (/^([-−–].*|\(.*\)|.*-)$/.test(named)) return { fault: /\d/.test(named) ? 'negative' : 'malformed' }
  const parts = partsOf(named)
  if (!parts) return { fault: 'malformed' }
  const digits = digitsOf(currency)
  // "1.230" is one and a bit in one country and a thousand in another.
  const doubtful = parts.rest.length === 3 && digits !== 3 && parts.units.length <= 3
  const rest = doubtful ? parts.rest : parts.rest.replace(/0+$/, '')
  if (rest.length > digits) return { fault: 'digits' }
  const minor = BigInt(parts.units + rest.padEnd(digits, '0'))
  return minor > BigInt(amountMinorMax) ? { fault: 'large' } : Number(minor)
}

/** The bare number, when no currency is named with it or the expected one. */
function withoutCurrency(text: string, currency: string): string | { fault: AmountFault } {
  const [, front = '', number = '', back = ''] =
    /^([A-Za-z]{3}|[^\s\d(−–+-])?\s*(.*?)\s*([A-Za-z]{3}|元)?$/.exec(text) ?? []
  for (const mark of [front, back].filter(Boolean)) {
    const meant = signs[mark] ?? [mark.toUpperCase()]
    if (meant.includes(currency)) continue
    return { fault: meant.every(isCurrency) ? 'currency' : 'malformed' }
  }
  return number
}

/** The digits before and behind the point, whichever mark the point is. */
function partsOf(text: string): { units: string; rest: string } | null {
  const grouped = (mark: string) => new RegExp(`^(\\d{1,3}(?:${mark}\\d{3})+|\\d+)$`)
  const read = (units: string, mark: string, rest: string) =>
    grouped(mark).test(units) ? { units: units.replace(/\D/g, ''), rest } : null
  const comma = /^(.*),(\d{1,2})$/.exec(text)
  if (comma) return read(comma[1]!, '\\.', comma[2]!) ?? read(comma[1]!, ' ', comma[2]!)
  const [, units = text, rest = ''] = /^([^.]*)\.(\d+)$/.exec(text) ?? []
  return read(units, ',', rest) ?? read(units, ' ', rest)
}
