// How many credentials there are of each state, and which coding agents would find one.

import { Link } from '@tanstack/react-router'
import { useSession } from '../../api/people.ts'
import { Badge, StatePill } from '../../ui/badge.tsx'
import { Section } from '../../ui/page.tsx'
import { mayBeginRuns } from '../../words/roles.ts'
import { STATE_CHOICES } from '../credentials/filters.ts'
import type { Overview } from './seen.ts'

export function Health({ overview: { credentials, others, harnesses } }: { overview: Overview }) {
  const states = STATE_CHOICES.filter((state) => (credentials.states[state] ?? 0) > 0)
  return (
    <Section title="Credentials">
      <ul className="flex flex-wrap gap-3">
        <Count count={credentials.total} words="in all" />
        {states.map((state) => (
          <Count key={state} count={credentials.states[state] ?? 0} state={state} />
        ))}
      </ul>
      {others > 0 && (
        <p className="text-sm text-soft">
          and {others} personal {others === 1 ? 'one' : 'ones'} of others
        </p>
      )}
      <ul className="grid gap-2 text-sm sm:grid-cols-2">
        {harnesses.map((one) => (
          <li key={one.harness} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="font-medium">{one.title}</span>
            <Works harness={one} />
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Works({ harness: { enabled, works, credentials } }: { harness: Overview['harnesses'][number] }) {
  const { person } = useSession()
  if (!enabled) {
    return (
      <Badge tone="plain" icon="stop">
        switched off
      </Badge>
    )
  }
  if (!mayBeginRuns(person.role)) return <Badge tone="plain">an auditor begins no runs</Badge>
  if (works) {
    return (
      <Badge tone="good" icon="check">
        a run of yours would get a credential
      </Badge>
    )
  }
  return (
    <Badge tone="warn" icon="warning">
      {credentials === 0 ? 'no credential fits' : 'none would serve a run of yours now'}
    </Badge>
  )
}

interface CountProps {
  readonly count: number
  readonly words?: string
  readonly state?: (typeof STATE_CHOICES)[number]
}

function Count({ count, words, state }: CountProps) {
  return (
    <li className="grid">
      <Link
        to="/credentials"
        search={state === undefined ? {} : { state }}
        className="grid min-w-24 content-start gap-1 rounded-lg border p-3 hover:bg-sunken"
      >
        <span className="text-2xl leading-none font-semibold tabular-nums">{count}</span>
        <span className="text-sm text-soft">{state === undefined ? words : <StatePill state={state} />}</span>
      </Link>
    </li>
  )
}
