/** Numbers that look random and are the same at every run, so that the demonstration is always the same company. */
export interface Dice {
  /** A whole number from 0 up to, but not including, `below`. */
  number(below: number): number
  pick<T>(from: readonly T[]): T
  /** The same things in another order; the list itself is left alone. */
  shuffle<T>(list: readonly T[]): T[]
}

/** Park and Miller's "minimal standard" generator (1988, multiplier of 1993). For names and choices, never for secrets. */
export function dice(seed: number): Dice {
  const modulus = 2_147_483_647
  let state = (seed % (modulus - 1)) + 1
  const next = () => {
    state = (state * 48_271) % modulus
    return state / modulus
  }
  const number = (below: number) => Math.floor(next() * below)
  return {
    number,
    pick: (from) => from[number(from.length)]!,
    shuffle(list) {
      const mixed = [...list]
      for (let i = mixed.length - 1; i > 0; i--) {
        const j = number(i + 1)
        const [here, there] = [mixed[i]!, mixed[j]!]
        mixed[i] = there
        mixed[j] = here
      }
      return mixed
    },
  }
}
