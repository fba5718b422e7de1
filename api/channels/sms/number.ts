import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/mobile'
import { invalid } from '#api/errors.ts'

/** The longest text anybody could mean as a phone number. */
const phoneLengthMax = 40

const countryName = (country: string) => new Intl.DisplayNames('en', { type: 'region' }).of(country) ?? country

/**
 * A mobile number as E.164. It may be written with spaces, dashes, full-width digits, and without a country when it
 * belongs to the first of `countries` (ISO 3166). Throws AppError invalid with a sentence that names the countries:
 * numbers of others are refused because premium numbers abroad are how SMS forms are robbed.
 */
export function parseNumber(input: string, countries: readonly string[]): string {
  const names = new Intl.ListFormat('en', { type: 'disjunction' }).format(countries.map(countryName))
  const refuse = (why: string) =>
    invalid(why, { address: `Enter a mobile number from ${names}, such as +86 138 0013 8000.` })
  const text = input.normalize('NFKC').trim()
  const [home] = countries
  if (text.length > phoneLengthMax || /[^\d\s+().-]/.test(text) || !home || !isSupportedCountry(home))
    throw refuse('This is not a mobile number.')
  const phone = parsePhoneNumberFromString(text.replace(/[\s().-]/g, ''), { defaultCountry: home, extract: false })
  if (!phone?.isValid()) throw refuse('This is not a mobile number.')
  if (!phone.country || !countries.includes(phone.country))
    throw refuse(`We send text messages to mobile numbers from ${names} only.`)
  return phone.number
}
