// What a credential serves now.

import { Link } from '@tanstack/react-router'
import { StatePill } from '../../../ui/badge.tsx'
import { Section } from '../../../ui/page.tsx'
import type { Credential } from './about.tsx'

/** Nothing where it serves nothing. */
export function Users({ credential: { users, usedBy } }: { credential: Credential }) {
  if (users === undefined || usedBy === undefined) return null
  const hidden = usedBy.runs - users.runs.length
  if (usedBy.runs + usedBy.agents + usedBy.leases === 0) return null
  return (
    <Section title="Used by">
      <ul className="grid gap-2 text-sm">
        {users.runs.map(({ id, title, state, for: whose }) => (
          <li key={id} className="flex min-w-0 items-center gap-3">
            <StatePill state={state} />
            <Link to="/runs/$id" params={{ id }} className="min-w-0 truncate underline">
              {title === '' ? id : title}
            </Link>
            <span className="text-soft">for {whose}</span>
          </li>
        ))}
        {hidden > 0 && <li className="text-soft">and {hidden} more runs</li>}
        {users.agents.map((name) => (
          <li key={name}>Agent {name}</li>
        ))}
        {usedBy.leases > 0 && (
          <li className="text-soft">
            {usedBy.leases} running {usedBy.leases === 1 ? 'lease' : 'leases'}
          </li>
        )}
      </ul>
    </Section>
  )
}
