// The entries that fit, newest first. What is in the log never changes: only what is newer is ever read, so that somebody
// far down in a long log does not read all of it again whenever something happens.

import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Output } from '../../../../src/api/schemas.ts'
import { api } from '../../api/client.ts'
import { useRead } from '../../api/queries.ts'
import { inputOf, type Search } from './search.ts'

const PAGE = 200

type Pages = InfiniteData<Output<'audit.list'>, string | null>

export function useLog(search: Search) {
  const input = { ...inputOf(search), order: 'newest' as const }
  const queryKey = ['audit-log', input] as const
  const queries = useQueryClient()
  const found = useInfiniteQuery<Output<'audit.list'>, Error, Pages, typeof queryKey, string | null>({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      api.call(
        'audit.list',
        { ...input, limit: PAGE, ...(pageParam !== null && { after: pageParam }) },
        signal,
      ),
    initialPageParam: null,
    getNextPageParam: ({ next }) => next,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const head = useRead('audit.list', { ...input, limit: 1 }).data?.entries[0]
  const rows = found.data?.pages.flatMap(({ entries }) => entries) ?? []
  const { isFetching, isError, hasNextPage, fetchNextPage, refetch } = found

  // A page looks at a stretch of the log: one without an entry that fits is no end.
  const looksOn = rows.length === 0 && hasNextPage && !isFetching && !isError
  useEffect(() => {
    if (looksOn) void fetchNextPage()
  }, [looksOn, fetchNextPage])

  const isBehind = found.isSuccess && head !== undefined && head.position > (rows[0]?.position ?? 0)
  const isShort = found.data?.pages.length === 1
  useEffect(() => {
    if (isBehind && isShort && !isFetching) void refetch()
  }, [isBehind, isShort, isFetching, refetch])

  return {
    found,
    rows,
    isEmpty: found.isSuccess && rows.length === 0 && !hasNextPage,
    hasNewer: isBehind && !isShort,
    readNewer: () => void queries.resetQueries({ queryKey, exact: true }),
  }
}
