// Everything at a glance: what is well, what is not, what ends when, who is waited for, and what changed.

import { useSession } from '../../api/people.ts'
import { useRead } from '../../api/queries.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { SkeletonCard } from '../../ui/waiting.tsx'
import { mayBeginRuns } from '../../words/roles.ts'
import { Attention } from './attention.tsx'
import { Changes } from './changes.tsx'
import { Ends } from './ends.tsx'
import { Guide } from './guide.tsx'
import { Health } from './health.tsx'
import type { Overview } from './seen.ts'
import { Waiting } from './waiting.tsx'

export function OverviewPage() {
  const { data, error, refetch } = useRead('overview', {})
  return (
    <Page title="Overview" actions={data?.guide.isEmpty !== true && <Actions guide={data?.guide} />}>
      <Notice error={error} retry={() => void refetch()} />
      {data === undefined && error === null && <SkeletonCard />}
      {data !== undefined && <Shown overview={data} />}
    </Page>
  )
}

// Adding and starting are the guide's for as long as it is there.
function Actions({ guide }: { guide: Overview['guide'] | undefined }) {
  const { person } = useSession()
  return (
    <>
      <ButtonLink to="/credentials">All credentials</ButtonLink>
      {guide?.credential && guide.run && mayBeginRuns(person.role) && (
        <>
          <ButtonLink to="/credentials/new" search={{ from: 'overview' }} icon="key">
            Add a credential
          </ButtonLink>
          <ButtonLink to="/runs" search={{ start: 'yes' }} kind="primary" icon="play">
            Start a run
          </ButtonLink>
        </>
      )}
    </>
  )
}

function Shown({ overview }: { overview: Overview }) {
  const { guide } = overview
  return (
    <>
      {!(guide.credential && guide.run) && <Guide overview={overview} />}
      {!guide.isEmpty && (
        <>
          <Waiting waiting={overview.waiting} />
          <Attention attention={overview.attention} />
          <Health overview={overview} />
          <Ends ends={overview.ends} />
        </>
      )}
      <Changes changes={overview.changes} />
    </>
  )
}
