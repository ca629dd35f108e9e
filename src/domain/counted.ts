// How many there are of something, as words of a sentence.

/** `0 leases`, `1 lease`, `2 leases`: for what has its plural with an s. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
