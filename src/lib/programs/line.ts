// So many at a time, and the rest in line.

export interface Line {
  /** Resolves when there is room, to what makes it free again. Those in a hurry pass the others. */
  enter(isInAHurry: boolean): Promise<() => void>
}

export function createLine(room: number): Line {
  let free = room
  const hurried: (() => void)[] = []
  const others: (() => void)[] = []
  const leave = () => {
    const next = hurried.shift() ?? others.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    async enter(isInAHurry) {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => (isInAHurry ? hurried : others).push(resolve))
      return leave
    },
  }
}
