import { locales } from '#content/locales.ts'
import { wordsOf } from '#content/words.ts'

export type Keyword = 'stop' | 'start' | 'help'

// Twilio's default words (support.twilio.com, "Twilio support for opt-out keywords") stand among the English signs.
const byWord = new Map(
  locales
    .flatMap((locale) => Object.entries(wordsOf(locale).signs.sms))
    .flatMap(([keyword, words]) => words.map((word) => [word, keyword as Keyword])),
)

/**
 * What an incoming SMS asks for; null when it is none of the agreed words. The whole body must be the word, in any
 * case and width, with a full stop or quotation marks at most. `optOutType` is Twilio's own reading where Advanced
 * Opt-Out is on, and wins.
 */
export function readKeyword(body: string, optOutType?: string | null): Keyword | null {
  const given = optOutType?.toLowerCase()
  if (given === 'stop' || given === 'start' || given === 'help') return given
  const word = body
    .normalize('NFKC')
    .trim()
    .replace(/^["'“”‘’「]+|["'“”‘’」.。!！]+$/g, '')
    .toUpperCase()
  return byWord.get(word) ?? null
}
