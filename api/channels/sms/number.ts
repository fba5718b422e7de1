import { getExampleNumber, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/mobile'
import examples from 'libphonenumber-js/mobile/examples'
import { invalid } from '#api/errors.ts'

/** The longest text anybody could mean as a phone number. */
const phoneLengthMax = 40

const countryName = (country: string) => new Intl.DisplayNames('en', { type: 'region' }).of(country) ?? country

/** What a mobile number of a country (ISO 3166) looks like, such as "+86 131 2345 6789". */
export const exampleNumber = (country: string): string =>
  (isSupportedCountry(country) && getExampleNumber(country, examples)?.formatInternational()) || '+86 131 2345 6789'

/**
 * A mobile number as E.164. It may be written with spaces, dashes, full-width digits, and without a country when it
 * belongs to the first of `countries` (ISO 3166). Throws AppError invalid with a sentence that names the countries:
 * numbers of others are refused because premium numbers abroad are how SMS forms are robbed.
 */
export function parseNumber(input: string, countries: readonly string[]): string {
  const names = new Intl.ListFormat('en', { type: 'disjunction' }).format(countries.map(countryName))
  const [home] = countries
  const refuse = (why: string) =>
    invalid(why, { address: `Enter a mobile number from ${names}, such as ${exampleNumber(home ?? '')}.` })
  const text = input.normalize('NFKC').trim()
  if (text.length > phoneLengthMax || /[^\d\s+().-]/.test(text) || !home || !isSupportedCountry(home))
    throw refuse('This is not a mobile number.')
  const phone = parsePhoneNumberFromString(text.replace(/[\s().-]/g, ''), { defaultCountry: home, extract: false })
  if (!phone?.isValid()) throw refuse('This is not a mobile number.')
  if (!phone.country || !countries.includes(phone.country))
    throw refuse(`We send text messages to mobile numbers from ${names} only.`)
  return phone.number
}
