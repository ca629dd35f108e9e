// What comes after a first credential: a first run.

import { useSession } from '../../api/people.ts'
import { useRead } from '../../api/queries.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { Callout } from '../../ui/notice.tsx'
import { mayBeginRuns } from '../../words/roles.ts'
import type { Credential } from './one/about.tsx'

/** Nothing once somebody has begun a run. */
export function NextStep({ credential: { type, state, may } }: { credential: Credential }) {
  const { person } = useSession()
  const { data } = useRead('overview', {})
  const serves = may.use && state === 'ok' && type !== 'raw' && mayBeginRuns(person.role)
  if (!serves || data === undefined || data.guide.run) return null
  return (
    <Callout tone="good">
      <p>It can serve runs now. Begin a first one.</p>
      <div>
        <ButtonLink to="/runs" search={{ start: 'yes' }} kind="primary" icon="play">
          Start a run
        </ButtonLink>
      </div>
    </Callout>
  )
}
