// Lists of runs, kept right while many change: of what is loaded only the pages with runs that changed are read again, and
// of runs that are new only the beginning; once in a while, however often it is told.

import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import type { Output, Request } from '../../../src/api/schemas.ts'
import { api } from './client.ts'
import { readAgain } from './queries.ts'

type Listed = Output<'runs.list'>
type Pages = InfiniteData<Listed, string | null>

// Milliseconds from one reading to the next.
const BETWEEN = 1_000

export interface RunsAgain {
  /** These runs changed, and what else has to be read again for it. */
  changed(ids: readonly string[], topics: readonly string[]): void
}

export function createRunsAgain(queries: QueryClient): RunsAgain {
  const waiting = { ids: new Set<string>(), topics: new Set<string>() }
  let isWaiting = false
  const read = async () => {
    const [ids, topics] = [new Set(waiting.ids), [...waiting.topics]]
    waiting.ids.clear()
    waiting.topics.clear()
    await Promise.all([readRunsAgain(queries, ids), readAgain(queries, topics)])
  }
  const wait = () => {
    isWaiting = true
    setTimeout(async () => {
      // What cannot be read now says so where it is shown, when it is read the next time.
      await read().catch(() => undefined)
      isWaiting = false
      if (waiting.ids.size > 0 || waiting.topics.size > 0) wait()
    }, BETWEEN)
  }
  return {
    changed(ids, topics) {
      for (const id of ids) waiting.ids.add(id)
      for (const topic of topics) waiting.topics.add(topic)
      if (!isWaiting) wait()
    },
  }
}

async function readRunsAgain(queries: QueryClient, ids: ReadonlySet<string>): Promise<void> {
  if (ids.size === 0) return
  const all = queries.getQueryCache().findAll({ predicate: ({ queryKey: [name] }) => isOfRuns(name) })
  await Promise.all(
    all.map(async (query) => {
      const [name, input, kind] = query.queryKey as [string, Request<'runs.list'> & { id?: string }, unknown?]
      if (name === 'runs.read' && !ids.has(input.id ?? '')) return
      const data = query.state.data as Pages | undefined
      const isList = name === 'runs.list' && kind === 'pages'
      if (!isList || data === undefined || !query.isActive())
        return queries.invalidateQueries({ queryKey: query.queryKey, exact: true })
      const fresh = await Promise.all(data.pages.map((page, at) => pageAgain(input, data, at, page, ids)))
      // Whoever scrolls on meanwhile keeps the pages that came.
      queries.setQueryData<Pages>(query.queryKey, (now) =>
        now === undefined ? now : { ...now, pages: now.pages.map((page, at) => fresh[at] ?? page) },
      )
    }),
  )
}

function isOfRuns(name: unknown): boolean {
  return typeof name === 'string' && name.startsWith('runs.')
}

async function pageAgain(
  input: Request<'runs.list'>,
  { pages, pageParams }: Pages,
  at: number,
  page: Listed,
  ids: ReadonlySet<string>,
): Promise<Listed> {
  const known = new Set(pages.flatMap(({ runs }) => runs.map(({ id }) => id)))
  // The newest come first, and ids are in the order of time.
  const oldest = page.runs.findLast(({ id }) => ids.has(id))?.id
  const isWanted = oldest !== undefined || (at === 0 && [...ids].some((id) => !known.has(id)))
  if (!isWanted) return page
  let fresh = page
  let after = pageParams[at] ?? null
  for (;;) {
    const read = await api.call('runs.list', { ...input, ...(after !== null && { after }) })
    fresh = mergedInto(fresh, read, after)
    after = read.next
    if (after === null || oldest === undefined || after <= oldest) return fresh
  }
}

/** What was read stands for all between where it began and where it ends; where the page ends stays where it was. */
function mergedInto(page: Listed, read: Listed, after: string | null): Listed {
  const end = read.next
  const before = page.runs.filter(({ id }) => after !== null && id >= after)
  const behind = page.runs.filter(({ id }) => end !== null && id < end)
  const within = read.runs.filter(({ id }) => page.next === null || id >= page.next)
  const isShort = page.next === null && behind.length === 0
  return { runs: [...before, ...within, ...behind], next: isShort ? read.next : page.next }
}
