// Choices that a seed decides, so that a round that failed can be repeated.

export interface Random {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number
  /** One of them; throws for none. */
  pick<T>(all: readonly T[]): T
  /** True in about one of `times`. */
  oneIn(times: number): boolean
  /** A copy in another order. */
  shuffled<T>(all: readonly T[]): T[]
}

/** Mulberry32: small, and even enough to choose by. Nothing here is secret. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    oneIn: (times) => below(times) === 0,
    pick(all) {
      const one = all[below(all.length)]
      if (one === undefined) throw new Error('There is nothing to choose from.')
      return one
    },
    shuffled(all) {
      const copy = [...all]
      for (let i = copy.length - 1; i > 0; i -= 1) {
        const j = below(i + 1)
        const [a, b] = [copy[i], copy[j]]
        if (a === undefined || b === undefined) throw new Error('The indices are out of range.')
        copy[i] = b
        copy[j] = a
      }
      return copy
    },
  }
}
