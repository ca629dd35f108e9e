// Runs that wait for somebody, with what to do about it.

import { Link } from '@tanstack/react-router'
import { StatePill } from '../../ui/badge.tsx'
import { ButtonLink } from '../../ui/button.tsx'
import { Section } from '../../ui/page.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { harnessTitle } from '../../words/harness.ts'
import { Hint } from '../../words/hint.tsx'
import type { Overview } from './seen.ts'

/** Nothing where nobody is waited for. */
export function Waiting({ waiting }: { waiting: Overview['waiting'] }) {
  if (waiting.length === 0) return null
  return (
    <Section title="Waiting for somebody">
      <ul className="grid divide-y">
        {waiting.map((one) => (
          <One key={one.run.id} waiting={one} />
        ))}
      </ul>
    </Section>
  )
}

function One({ waiting: { run, why, until, hint, signIn } }: { waiting: Overview['waiting'][number] }) {
  return (
    <li className="grid gap-1.5 py-3 text-sm">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StatePill state={run.state} />
        <Link
          to="/runs/$id"
          params={{ id: run.id }}
          className="min-w-0 font-medium wrap-anywhere underline underline-offset-2"
        >
          {run.title === '' ? run.id : run.title}
        </Link>
        <span className="text-soft">
          {harnessTitle(run.harness)}, for {run.for.name}, since <RelativeTime time={run.since} />
        </span>
      </div>
      <p className="wrap-anywhere">
        {hint?.startsWith(why) !== true && why}
        {until !== null && (
          <span className="text-soft">
            {' '}
            Looked at again <RelativeTime time={until} />.
          </span>
        )}
      </p>
      {hint !== null && signIn?.manage !== true && <Hint text={hint} className="text-soft" />}
      {signIn?.manage && (
        <div>
          <ButtonLink to={`/credentials/${signIn.id}`} search={{ do: 'sign-in' }} kind="primary" icon="key">
            Sign in again for {signIn.name}
          </ButtonLink>
        </div>
      )}
    </li>
  )
}
