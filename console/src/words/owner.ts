// Owners in words: `org`, `team:platform`, `user:ID`, `agent:nightly` of the API as people call them.

import { useSession } from '../api/people.ts'
import { useRead } from '../api/queries.ts'
import { mayManage, mayReadAudit } from './roles.ts'

/** From an owner as the API writes it to words; a person who is not known stays an id. */
export function useOwnerWords(): (owner: string) => string {
  const { person } = useSession()
  const { data } = useRead('members.list', {}, { enabled: mayReadAudit(person.role) })
  return (owner) => {
    const [kind, name = ''] = split(owner)
    if (kind === 'org') return 'Organization'
    if (kind === 'team') return `Team ${name}`
    if (kind === 'agent') return `Agent ${name}`
    if (name === person.id) return 'Personal'
    return data?.members.find(({ id }) => id === name)?.email ?? name
  }
}

export interface OwnerChoice {
  readonly value: string
  readonly label: string
}

/** The owners somebody may have credentials of: their own, their teams' and the organization's. */
export function useOwnerChoices(): readonly OwnerChoice[] {
  const { person } = useSession()
  return [
    { value: 'me', label: 'Personal' },
    ...person.teams.map((slug) => ({ value: `team:${slug}`, label: `Team ${slug}` })),
    { value: 'org', label: 'Organization' },
  ]
}

/** The owners somebody may store a credential for. */
export function useStoringChoices(): readonly OwnerChoice[] {
  const { person } = useSession()
  const manages = mayManage(person.role)
  const teams = useRead('teams.list', {}, { enabled: manages }).data?.teams.map(({ team }) => team)
  const agents = useRead('agents.list', {}, { enabled: manages }).data?.agents ?? []
  return [
    { value: 'me', label: 'Personal' },
    ...(teams ?? person.teams).map((slug) => ({ value: `team:${slug}`, label: `Team ${slug}` })),
    ...(manages ? [{ value: 'org', label: 'Organization' }] : []),
    ...agents.map(({ name }) => ({ value: `agent:${name}`, label: `Agent ${name}` })),
  ]
}

function split(owner: string): [string, string?] {
  const colon = owner.indexOf(':')
  return colon === -1 ? [owner] : [owner.slice(0, colon), owner.slice(colon + 1)]
}
