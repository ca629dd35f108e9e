// To the reasons why runs get a credential, or do not: for the first run that comes to mind, which can be changed there.

import { useSession } from '../../../api/people.ts'
import { ButtonLink } from '../../../ui/button.tsx'
import { mayReadAudit } from '../../../words/roles.ts'
import type { Credential } from './about.tsx'

// The word for no person in the address of the page.
const NOBODY = 'nobody'

export function Explaining({ credential: { id, harness, owner } }: { credential: Credential }) {
  const { person } = useSession()
  if (harness === 'raw') return null
  const whose = mayReadAudit(person.role) ? ofAnother(owner, person) : {}
  return (
    <ButtonLink to="/explain" search={{ harness, ...whose, credential: id }} icon="explain">
      Why is it used, or not?
    </ButtonLink>
  )
}

interface Person {
  readonly id: string
  readonly teams: readonly string[]
}

// Of what is not one's own one is no candidate's run.
function ofAnother(owner: string, { id, teams }: Person): Readonly<Record<string, string>> {
  const [kind, name = ''] = [owner.split(':')[0], owner.split(':')[1]]
  if (kind === 'user' && name !== id) return { user: name }
  if (kind === 'agent') return { user: NOBODY, agent: name }
  if (kind === 'team' && !teams.includes(name)) return { user: NOBODY, team: name }
  return {}
}
