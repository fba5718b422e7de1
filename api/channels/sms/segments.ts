// How a network cuts an SMS: 3GPP TS 23.038 (the GSM 7-bit alphabet) and 23.040 (parts of a long message).

const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** Written as two characters, an escape and its own. */
const extended = new Set('\f^{}\\[~]|€')

const gsm = { one: 160, part: 153 }
const ucs = { one: 70, part: 67 }

export interface SmsLength {
  encoding: 'GSM-7' | 'UCS-2'
  /** In the units of the encoding: septets, or UTF-16 code units. */
  length: number
  segments: number
}

/** How many segments a text takes. One character outside GSM-7, a curly quote too, makes the whole text UCS-2. */
export function smsLength(text: string): SmsLength {
  const characters = [...text]
  if (characters.every((character) => basic.has(character) || extended.has(character))) {
    const costs = characters.map((character) => (extended.has(character) ? 2 : 1))
    return { encoding: 'GSM-7', ...count(costs, gsm) }
  }
  return {
    encoding: 'UCS-2',
    ...count(
      characters.map((character) => character.length),
      ucs,
    ),
  }
}

/** No character is cut in two: an escape pair or a surrogate pair that does not fit goes into the next part. */
function count(costs: number[], limit: { one: number; part: number }): { length: number; segments: number } {
  const length = costs.reduce((sum, cost) => sum + cost, 0)
  if (length <= limit.one) return { length, segments: 1 }
  let segments = 1
  let used = 0
  for (const cost of costs) {
    if (used + cost > limit.part) {
      segments++
      used = 0
    }
    used += cost
  }
  return { length, segments }
}
