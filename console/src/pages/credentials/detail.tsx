// One credential: what it is, how it does, what was done with it, and what can be.

import { getRouteApi } from '@tanstack/react-router'
import { isGone } from '../../api/problem.ts'
import { useRead } from '../../api/queries.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { Together } from '../../ui/together.tsx'
import { Skeleton, SkeletonCard } from '../../ui/waiting.tsx'
import { Gone } from '../outcome.tsx'
import { NextStep } from './next-step.tsx'
import { About } from './one/about.tsx'
import { Doing } from './one/doing.tsx'
import { Explaining } from './one/explaining.tsx'
import { Renewals } from './one/renewals.tsx'
import { UsageOf } from './one/usage.tsx'
import { Users } from './one/users.tsx'
import { Versions } from './one/versions.tsx'

const route = getRouteApi('/app/credentials/$id')

export function CredentialPage() {
  const { id } = route.useParams()
  const { data, error, refetch } = useRead('credentials.get', { id })
  const all = <ButtonLink to="/credentials">All credentials</ButtonLink>
  if (isGone(error)) {
    return (
      <Page title={data?.name ?? 'Credential'}>
        <Gone name={data?.name} error={error}>
          {all}
        </Gone>
      </Page>
    )
  }
  const isWhole = data?.version !== undefined
  const isLogin = data?.type.endsWith('/oauth') === true
  return (
    <Page
      title={data?.name ?? 'Credential'}
      actions={
        <>
          {data !== undefined && <Explaining credential={data} />}
          {data === undefined && error === null && <Skeleton className="h-10 w-53" />}
          {all}
        </>
      }
    >
      <Notice error={error} retry={() => void refetch()} />
      {data === undefined && error === null && <SkeletonCard />}
      {data !== undefined && (
        <Together key={id}>
          <NextStep credential={data} />
          {error === null && (
            <Section title="About" actions={<Doing credential={data} />}>
              <About credential={data} />
            </Section>
          )}
          {isWhole && (
            <>
              <Users credential={data} />
              <UsageOf id={id} />
              {isLogin && <Renewals id={id} />}
              <Versions credential={data} />
            </>
          )}
        </Together>
      )}
    </Page>
  )
}
