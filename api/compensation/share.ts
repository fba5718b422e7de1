import type { Locale } from '#content/locales.ts'
import { fill, wordsOf } from '#content/words.ts'
import { showAmount } from './amount.ts'
import type { OfferKind } from './value.ts'

/** An amount with its currency, as a language writes it: "CNY 303.10", "303.10 CNY". */
export const moneyIn = (locale: Locale, minor: number, currency: string): string =>
  fill(wordsOf(locale).compensation.money, { amount: showAmount(minor, currency), currency })

/** What one customer gets, in a few words: "7 more days of service", "A coupon worth 30.00 CNY". */
export function shareIn(
  locale: Locale,
  {
    kind,
    amountMinor,
    currency,
    days,
  }: { kind: OfferKind; amountMinor: number; currency: string; days: number | null },
): string {
  const words = wordsOf(locale).compensation.share
  const money = moneyIn(locale, amountMinor, currency)
  if (kind === 'service_extension') return fill(days === 1 ? words.day : words.days, { days: days ?? 0 })
  return fill(words[kind], { money })
}
