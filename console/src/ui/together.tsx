// Parts of a page that read on their own are shown when all have, at once: parts that came one after the other would push
// each other about.

import { type Query, useIsFetching, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { SkeletonCard } from './waiting.tsx'

// One part that is slow keeps back the others no longer, in milliseconds.
const PATIENCE = 4000

const FIRST_READS = { predicate: ({ state }: Query) => state.status === 'pending' }

/** Use another key for another page. */
export function Together({ children }: { children: ReactNode }) {
  const [isShown, setShown] = useState(false)
  const queries = useQueryClient()
  const reads = useIsFetching(FIRST_READS)
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time one of them has ended
  useEffect(() => {
    // What the parts have begun to read just now is not among `reads` yet.
    if (queries.isFetching(FIRST_READS) === 0) setShown(true)
  }, [queries, reads])
  useEffect(() => {
    const patience = setTimeout(() => setShown(true), PATIENCE)
    return () => clearTimeout(patience)
  }, [])
  return (
    <>
      {!isShown && <SkeletonCard />}
      <div className={isShown ? 'contents' : 'hidden'}>{children}</div>
    </>
  )
}
