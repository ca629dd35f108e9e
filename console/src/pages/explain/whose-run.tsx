// Chooses whose run is explained. Of others only those may ask who manage or audit; the server decides.

import { useNavigate } from '@tanstack/react-router'
import { useSession } from '../../api/people.ts'
import { useRead } from '../../api/queries.ts'
import { type Option, Select } from '../../ui/field.tsx'
import { harnessTitle } from '../../words/harness.ts'
import { mayReadAudit } from '../../words/roles.ts'
import { type Asked, askedIn, HARNESSES, NOBODY } from './asked.ts'

export function WhoseRun({ asked }: { asked: Asked }) {
  const navigate = useNavigate()
  const { people, teams, agents } = useChoices()
  const choose = (changed: Record<string, string>) =>
    void navigate({ to: '/explain', search: askedIn({ ...asked, ...changed }), replace: true })
  return (
    <search className="grid grid-cols-2 items-end gap-2 sm:flex sm:flex-wrap">
      <Select
        label="Harness"
        value={asked.harness ?? 'claude'}
        onChoose={(harness) => choose({ harness })}
        options={HARNESSES.map((value) => ({ value, label: harnessTitle(value) }))}
      />
      {people.length > 0 && (
        <Select
          label="Person"
          value={asked.user ?? ''}
          onChoose={(user) => choose({ user })}
          options={[
            { value: '', label: 'Yourself' },
            { value: NOBODY, label: 'Nobody' },
            ...kept(people, asked.user === NOBODY ? undefined : asked.user),
          ]}
        />
      )}
      {(teams.length > 0 || asked.team !== undefined) && (
        <Select
          label="Team"
          value={asked.team ?? ''}
          onChoose={(team) => choose({ team })}
          options={[
            { value: '', label: asked.user === undefined ? 'All of yours' : 'All of theirs' },
            ...kept(teams, asked.team),
          ]}
        />
      )}
      {agents.length > 0 && (
        <Select
          label="As the agent"
          value={asked.agent ?? ''}
          onChoose={(agent) => choose({ agent })}
          options={[{ value: '', label: 'None' }, ...kept(agents, asked.agent)]}
        />
      )}
    </search>
  )
}

// What the address names stays chosen, also when it is not known here.
function kept(options: readonly Option[], chosen: string | undefined): readonly Option[] {
  if (chosen === undefined || options.some(({ value }) => value === chosen)) return options
  return [...options, { value: chosen, label: chosen }]
}

interface Choices {
  readonly people: readonly Option[]
  readonly teams: readonly Option[]
  readonly agents: readonly Option[]
}

function useChoices(): Choices {
  const { person } = useSession()
  const enabled = mayReadAudit(person.role)
  const members = useRead('members.list', {}, { enabled })
  const teams = useRead('teams.list', {}, { enabled })
  const agents = useRead('agents.list', {}, { enabled })
  const slugs = enabled ? (teams.data?.teams.map(({ team }) => team) ?? []) : person.teams
  return {
    people: (members.data?.members ?? [])
      .filter(({ id }) => id !== person.id)
      .map(({ id, email }) => ({ value: id, label: email })),
    teams: slugs.map((value) => ({ value, label: value })),
    agents: (agents.data?.agents ?? []).map(({ name }) => ({ value: name, label: name })),
  }
}
