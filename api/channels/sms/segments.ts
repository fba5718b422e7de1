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
  /** Characters as a person counts them. */
  length: number
  /** What the network counts: septets, of which "[" takes two, or UTF-16 code units. 160 or 70 fit one segment. */
  units: number
  segments: number
}

/** How many segments a text takes. One character outside GSM-7, a curly quote too, makes the whole text UCS-2. */
export function smsLength(text: string): SmsLength {
  const characters = [...text]
  const { length } = characters
  const gsmFits = characters.every((character) => basic.has(character) || extended.has(character))
  if (!gsmFits) {
    const costs = characters.map((character) => character.length)
    return { encoding: 'UCS-2', length, ...count(costs, ucs) }
  }
  const costs = characters.map((character) => (extended.has(character) ? 2 : 1))
  return { encoding: 'GSM-7', length, ...count(costs, gsm) }
}

/** No character is cut in two: an escape pair or a surrogate pair that does not fit goes into the next part. */
function count(costs: number[], limit: { one: number; part: number }): { units: number; segments: number } {
  const units = costs.reduce((sum, cost) => sum + cost, 0)
  if (units <= limit.one) return { units, segments: 1 }
  let segments = 1
  let used = 0
  for (const cost of costs) {
    if (used + cost > limit.part) {
      segments++
      used = 0
    }
    used += cost
  }
  return { units, segments }
}
