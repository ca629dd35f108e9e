// How a login was kept alive: each generation, who asked for it, and how long its provider took.

import type { Output } from '../../../../../src/api/schemas.ts'
import { useRead } from '../../../api/queries.ts'
import { type Mark, MarkShape } from '../../../ui/charts/marks.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'

type Renewal = Output<'credentials.renewals'>['renewals'][number]

const AT_ONCE = 50

const OUTCOMES: Readonly<Record<Renewal['outcome'], readonly [Mark, string]>> = {
  done: ['full', 'renewed'],
  kept: ['hollow', 'kept aside'],
  open: ['hollow', 'not decided yet'],
  refused: ['cross', 'refused'],
  failed: ['triangle', 'failed'],
  unsent: ['dash', 'not sent'],
}

export function Renewals({ id }: { id: string }) {
  const { data, error, refetch } = useRead('credentials.renewals', { id, limit: AT_ONCE })
  const renewals = data?.renewals ?? []
  const longest = Math.max(1, ...renewals.map(({ took }) => took ?? 0))
  return (
    <Section title="How it was kept alive">
      <Notice error={error} retry={() => void refetch()} />
      {data === undefined && error === null && <SkeletonLines lines={4} />}
      <ol aria-label="Renewals, the latest first" className="grid divide-y">
        {renewals.map((one) => (
          <Line key={`${one.at} ${one.generation} ${one.from}`} renewal={one} longest={longest} />
        ))}
      </ol>
      {renewals.length === AT_ONCE && <p className="text-sm text-soft">The latest {AT_ONCE} are shown.</p>}
    </Section>
  )
}

function Line({ renewal, longest }: { renewal: Renewal; longest: number }) {
  const { outcome, generation, from, current, sentence, by, why, at, took } = renewal
  const [mark, words] = OUTCOMES[outcome]
  return (
    <li className="grid items-center gap-x-4 gap-y-1 py-2 text-sm sm:grid-cols-[10rem_minmax(0,1fr)_11rem]">
      <span className="flex items-center gap-2">
        <MarkShape mark={mark} />
        {generation === null ? `after generation ${from ?? 0}` : `Generation ${generation}`}
      </span>
      <span className="min-w-0 wrap-anywhere">
        {why === 'sign-in' && outcome === 'done' ? 'signed in' : words}
        {current && ', in use now'}. {sentence}
        <span className="text-soft">
          {' '}
          {by}, <RelativeTime time={at} />
        </span>
      </span>
      <Took took={took} longest={longest} />
    </li>
  )
}

function Took({ took, longest }: { took: number | null; longest: number }) {
  if (took === null) return <span className="hidden sm:block" />
  return (
    <span className="grid grid-cols-[1fr_4.5rem] items-center gap-2 text-soft">
      <svg aria-hidden="true" width="100%" height="8" className="text-edge">
        <rect width={`${Math.max(2, (took / longest) * 100)}%`} height="8" fill="currentColor" />
      </svg>
      <span className="text-right tabular-nums">
        {took < 1000 ? `${took} ms` : `${(took / 1000).toFixed(1)} s`}
      </span>
    </span>
  )
}
