export type Keyword = 'stop' | 'start' | 'help'

// Twilio's default words (support.twilio.com, "Twilio support for opt-out keywords") and those that readers in China use.
const words: Record<Keyword, readonly string[]> = {
  stop: ['STOP', 'UNSUBSCRIBE', 'END', 'QUIT', 'STOPALL', 'REVOKE', 'OPTOUT', 'CANCEL', '退订', 'TD', 'T'],
  start: ['START', 'YES', 'UNSTOP', '恢复', '开始'],
  help: ['HELP', 'INFO'],
}
const byWord = new Map(
  Object.entries(words).flatMap(([keyword, list]) => list.map((word) => [word, keyword as Keyword])),
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
