// Reading and changing by the names of operations. What is read is kept under its name and input, so that the live stream
// and every change can say what has to be read again.

import {
  type InfiniteData,
  QueryClient,
  queryOptions,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import type { OperationName, ReadOperationName } from '../../../src/api/operations.ts'
import type { Output, Request } from '../../../src/api/schemas.ts'
import { api, topicOf } from './client.ts'
import { useOnce } from './once.ts'
import { problemOf } from './problem.ts'

// What a second try may answer otherwise.
const PASSING = ['unreachable', 'unavailable', 'upstream', 'internal']

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The live stream says what has changed; without it a page that is looked at again reads again.
      staleTime: 15_000,
      gcTime: 10 * 60_000,
      // A browser that believes to be offline says so at once, instead of waiting without a word.
      networkMode: 'always',
      refetchOnReconnect: true,
      retry: (failures, error) => failures < 2 && navigator.onLine && PASSING.includes(problemOf(error).code),
    },
    mutations: { networkMode: 'always' },
  },
})

/** How a query of this operation is found and asked: for loaders of routes as for `useRead`. */
export function reading<N extends ReadOperationName>(name: N, input: Request<N>) {
  return queryOptions({
    queryKey: [name, input] as const,
    queryFn: ({ signal }): Promise<Output<N>> => api.call(name, input, signal),
  })
}

export interface ReadOptions {
  readonly enabled?: boolean
  /** Read again so often, in milliseconds, where nothing tells of changes. */
  readonly everyMs?: number
}

/** What the operation answers, read again when it changes. */
export function useRead<N extends ReadOperationName>(name: N, input: Request<N>, options: ReadOptions = {}) {
  return useQuery({
    ...reading(name, input),
    enabled: options.enabled ?? true,
    ...(options.everyMs !== undefined && { refetchInterval: options.everyMs }),
  })
}

/** Operations that answer page by page: an input `after`, an output `next`. */
export type PagedOperationName = {
  [N in ReadOperationName]: Output<N> extends { readonly next: string | null } ? N : never
}[ReadOperationName]

export interface PagesOptions<N extends PagedOperationName> {
  /** As for `useRead`, by what is known. */
  readonly everyMs?: (pages: readonly Output<N>[]) => number | false
}

/** A long list, page after page; `fetchNextPage` brings more. */
export function usePages<N extends PagedOperationName>(
  name: N,
  input: Request<N>,
  { everyMs = () => false }: PagesOptions<N> = {},
) {
  return useInfiniteQuery<
    Output<N>,
    Error,
    InfiniteData<Output<N>, string | null>,
    readonly unknown[],
    string | null
  >({
    queryKey: [name, input, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      api.call(name, { ...input, ...(pageParam !== null && { after: pageParam }) } as Request<N>, signal),
    initialPageParam: null,
    getNextPageParam: (page) => page.next,
    refetchInterval: ({ state: { data } }) => everyMs(data?.pages ?? []),
  })
}

// What else is different after something of this topic was changed: the live stream says the same, a little later.
const ALSO: Readonly<Record<string, readonly string[]>> = {
  credentials: ['explain', 'overview', 'harnesses'],
  logins: ['credentials', 'explain', 'overview'],
  harnesses: ['explain', 'overview'],
  policy: ['credentials', 'explain', 'overview'],
  members: ['teams', 'invitations'],
  teams: ['members'],
  invitations: ['members'],
  runs: ['overview'],
  profile: ['session', 'members'],
  organization: ['session'],
  agents: ['overview'],
  workers: ['overview'],
}

/** Changes something; what it may have changed is read again before it counts as done. */
export function useChange<N extends OperationName>(
  name: N,
  done?: (answer: Output<N>, input: Request<N>) => void,
) {
  const queries = useQueryClient()
  return useOnce({
    mutationFn: (input: Request<N>) => api.call(name, input),
    onSuccess: async (answer, input) => {
      await readAgain(queries, [topicOf(name), ...(ALSO[topicOf(name)] ?? [])])
      done?.(answer, input)
    },
  })
}

// Part of the API → how often it may have come to answer otherwise.
const changes = new Map<string, number>()
let allChanges = 0
const watchers = new Set<() => void>()

function noteChanges(topics: readonly string[] | 'all'): void {
  if (topics === 'all') allChanges += 1
  else for (const topic of topics) changes.set(topic, changesOf(topic) - allChanges + 1)
  for (const watcher of watchers) watcher()
}

function changesOf(topic: string): number {
  return (changes.get(topic) ?? 0) + allChanges
}

/**
 * What the operation answers to somebody's question, for what leaves a trace whenever it is read: it is not read again by
 * itself, but `isBehind` once it may be different.
 */
export function useAsked<N extends ReadOperationName>(name: N, input: Request<N>, enabled: boolean) {
  const topic = topicOf(name)
  const found = useQuery({
    queryKey: ['asked', name, input] as const,
    queryFn: async ({ signal }): Promise<{ readonly answer: Output<N>; readonly at: number }> => {
      const at = changesOf(topic)
      return { answer: await api.call(name, input, signal), at }
    },
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const now = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => changesOf(topic),
  )
  return { ...found, data: found.data?.answer, isBehind: found.data !== undefined && now > found.data.at }
}

/** Anything may be different: all that is shown is read again. */
export async function readAllAgain(queries: QueryClient): Promise<void> {
  noteChanges('all')
  await queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => name !== 'asked' })
}

/** Reads again what is shown of these parts of the API; what is not shown is read when it is looked at. */
export async function readAgain(queries: QueryClient, topics: readonly string[]): Promise<void> {
  noteChanges(topics)
  await queries.invalidateQueries({
    predicate: ({ queryKey: [name] }) =>
      typeof name === 'string' && topics.includes(name.split('.')[0] ?? name),
  })
}
