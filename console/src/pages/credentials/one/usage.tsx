// What runs have used a credential for, day by day.

import { Link } from '@tanstack/react-router'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useRead } from '../../../api/queries.ts'
import { DayBars } from '../../../ui/charts/day-bars.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'

type Usage = Output<'credentials.usage'>

const DAYS = 30
const RUNS = 5

const NUMBER = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

const tokensOf = ({ input, output }: Usage['total']['usage']) => input + output
const tokenWords = (count: number) => `${NUMBER.format(count)} tokens`
const turnWords = (count: number) => `${count} ${count === 1 ? 'turn' : 'turns'}`

export function UsageOf({ id }: { id: string }) {
  const { data, error, refetch } = useRead('credentials.usage', { id, days: DAYS })
  return (
    <Section title="Usage">
      <Notice error={error} retry={() => void refetch()} />
      {data === undefined ? error === null && <SkeletonLines lines={5} /> : <Used usage={data} />}
    </Section>
  )
}

function Used({ usage: { days, total, runs } }: { usage: Usage }) {
  if (total.turns === 0)
    return <p className="text-sm text-soft">No run has used it in the last {DAYS} days.</p>
  const values = days.map(({ day, usage }) => ({ day, value: tokensOf(usage) }))
  const { input, cachedInput, output } = total.usage
  return (
    <>
      <p className="text-sm">
        {turnWords(total.turns)} in {DAYS} days: {NUMBER.format(input)} tokens read,{' '}
        {NUMBER.format(cachedInput)} of them from a cache, {NUMBER.format(output)} written.
      </p>
      <div className="grid gap-5 lg:grid-cols-2">
        <DayBars label="Tokens a day" days={values} valueWords={tokenWords} />
        <DayBars
          label="Turns a day"
          days={days.map(({ day, turns }) => ({ day, value: turns }))}
          valueWords={turnWords}
        />
      </div>
      <ul className="grid gap-1 text-sm">
        {runs.slice(0, RUNS).map((run) => (
          <li key={run.id} className="flex min-w-0 flex-wrap gap-x-3">
            {run.title === null ? (
              <span className="text-soft">a run of somebody else</span>
            ) : (
              <Link to="/runs/$id" params={{ id: run.id }} className="min-w-0 truncate underline">
                {run.title === '' ? run.id : run.title}
              </Link>
            )}
            <span className="text-soft">
              {turnWords(run.turns)}, {tokenWords(tokensOf(run.usage))}, <RelativeTime time={run.startedAt} />
            </span>
          </li>
        ))}
      </ul>
    </>
  )
}
