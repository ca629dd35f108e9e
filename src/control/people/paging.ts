// A page of a list of people or teams, which are read as a whole: an organization has thousands of them, not millions.

interface Wanted {
  readonly search?: string | undefined
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

interface Words {
  /** What the list is ordered by. No two have the same. */
  readonly key: string
  /** What is looked for in. */
  readonly texts: readonly string[]
}

/** Those of the page, of the rows that fit. `next` is the key of the last one, when there are more. */
export function pageOf<Row>(
  rows: readonly Row[],
  wordsOf: (row: Row) => Words,
  { search, after, limit = rows.length }: Wanted,
): { readonly rows: readonly Row[]; readonly next: string | null; readonly total: number } {
  const wanted = search?.toLowerCase()
  const fitting = rows
    .map((row) => ({ row, ...wordsOf(row) }))
    .filter(({ texts }) => wanted === undefined || texts.some((text) => text.toLowerCase().includes(wanted)))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const left = after === undefined ? fitting : fitting.filter(({ key }) => key > after)
  const page = left.slice(0, limit)
  const next = left.length > page.length ? (page.at(-1)?.key ?? null) : null
  return { rows: page.map(({ row }) => row), next, total: fitting.length }
}
