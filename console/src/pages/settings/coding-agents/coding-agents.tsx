// Harnesses and their credentials on two levels: one's own, which take priority, and the organization's.

import { useSession } from '../../../api/people.ts'
import { Callout } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { harnessTitle } from '../../../words/harness.ts'
import { mayBeginRuns, mayManage } from '../../../words/roles.ts'
import { HarnessSwitches } from './harness-switches.tsx'
import { Order } from './order.tsx'
import { Subscriptions } from './subscriptions.tsx'

const HARNESSES = ['claude', 'codex'] as const

export function CodingAgentsSettings() {
  const { person } = useSession()
  const manages = mayManage(person.role)
  return (
    <div className="grid gap-5">
      <Section title="Personal credentials">
        <Callout tone="info">
          <p>
            Your own credentials take priority over your teams' and the organization's, for your own runs
            only.
          </p>
        </Callout>
        <Orders owner="me" of="you" mayAdd={mayBeginRuns(person.role)} />
      </Section>
      {person.teams.map((team) => (
        <Section key={team} title={`Credentials of the team ${team}`}>
          <Orders owner={`team:${team}`} of={`the team ${team}`} mayAdd={mayBeginRuns(person.role)} />
        </Section>
      ))}
      <Section title="Credentials of the organization">
        <p className="text-sm text-soft">
          {manages
            ? 'They serve whoever has none of their own. Only admins change them; members see that they are there, their names and types.'
            : 'They serve whoever has none of their own. Only admins change them.'}
        </p>
        <Orders owner="org" of="the organization" mayAdd={manages} />
      </Section>
      <HarnessSwitches manages={manages} />
      <Subscriptions role={person.role} />
    </div>
  )
}

function Orders({ owner, of, mayAdd }: { owner: string; of: string; mayAdd: boolean }) {
  return (
    <div className="grid gap-5 lg:grid-cols-2">
      {HARNESSES.map((harness) => (
        <Order
          key={harness}
          owner={owner}
          harness={harness}
          label={`${harnessTitle(harness)}, of ${of}`}
          mayAdd={mayAdd}
        />
      ))}
    </div>
  )
}
