// Parts of a page that read on their own are shown when all have, at once: parts that came one after the other would push
// each other about.

import { type Query, useIsFetching, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { SkeletonCard } from './waiting.tsx'

// A part that is slow keeps the others back no longer, in milliseconds.
const PATIENCE = 4000

const FIRST_READS = { predicate: ({ state }: Query) => state.status === 'pending' }

/** Use another key for another page. */
export function Together({ children }: { children: ReactNode }) {
  // Grey is not even flashed where all is known already.
  const [stage, setStage] = useState<'begun' | 'waiting' | 'shown'>('begun')
  const queries = useQueryClient()
  const reads = useIsFetching(FIRST_READS)
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time one of them has ended
  useEffect(() => {
    // What the parts have begun to read just now is not among `reads` yet.
    if (queries.isFetching(FIRST_READS) > 0) return setStage((now) => (now === 'begun' ? 'waiting' : now))
    if (stage === 'begun') return setStage('shown')
    // An answer that is there now is told to its part in a moment.
    const moment = setTimeout(() => setStage('shown'))
    return () => clearTimeout(moment)
  }, [queries, reads])
  useEffect(() => {
    const patience = setTimeout(() => setStage('shown'), PATIENCE)
    return () => clearTimeout(patience)
  }, [])
  return (
    <>
      {stage === 'waiting' && <SkeletonCard />}
      <div className={stage === 'shown' ? 'contents' : 'hidden'}>{children}</div>
    </>
  )
}
