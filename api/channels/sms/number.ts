import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/mobile'
import { invalid } from '#api/errors.ts'

/**
 * A mobile number in E.164 ("+8613800138000"). The first country reads numbers written without one, and only these
 * countries are served: each costs money and some are used to pump it. Throws AppError('invalid') with a sentence.
 */
export function parseNumber(input: string, countries: readonly string[]): string {
  const home = countries[0] as CountryCode | undefined
  const number = parsePhoneNumberFromString(input.trim().slice(0, 40), {
    ...(home ? { defaultCountry: home } : {}),
    extract: false,
  })
  if (!number?.isValid())
    throw invalid('This is not a mobile number.', {
      address: 'Write it with its country code, like +86 138 0013 8000.',
    })
  if (!number.country || !countries.includes(number.country))
    throw invalid('We do not send SMS to this country.', { address: `We send SMS to ${countries.join(', ')}.` })
  return number.number
}
