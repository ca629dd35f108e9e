// Teams and who is in them.

import { type FormEvent, useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button, IconButton } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { Remove } from '../parts/remove.tsx'
import { Things, What } from '../parts/things.tsx'
import { Joining } from './joining.tsx'

type Team = Output<'teams.list'>['teams'][number]
type Member = Output<'members.list'>['members'][number]

export function Teams({ manages }: { manages: boolean }) {
  const found = useRead('teams.list', {})
  const people = useRead('members.list', {}).data?.members ?? []
  return (
    <Section title="Teams">
      <Things
        label="Teams"
        things={found.data?.teams}
        error={found.error}
        keyOf={({ team }) => team}
        line={(team) => <TeamLine team={team} people={people} manages={manages} />}
      />
      {manages && <NewTeam />}
    </Section>
  )
}

function TeamLine({
  team: { team, members },
  people,
  manages,
}: {
  team: Team
  people: readonly Member[]
  manages: boolean
}) {
  const leave = useChange('teams.leave')
  const others = people.filter(({ email }) => !members.includes(email))
  return (
    <>
      <What name={team}>
        {members.length === 0 && <span>Nobody is in it</span>}
        {members.map((member) => (
          <span key={member} className="flex items-center">
            {member}
            {manages && (
              <IconButton
                label={`Take ${member} out of ${team}`}
                icon="cross"
                disabled={leave.isPending}
                onClick={() => leave.mutate({ team, member })}
              />
            )}
          </span>
        ))}
      </What>
      {manages && (
        <>
          <Joining team={team} others={others} />
          <Remove
            operation="teams.delete"
            input={{ team }}
            verb="Delete"
            name={`the team ${team}`}
            done={`The team ${team} is deleted.`}
          >
            <p>A team that owns credentials cannot be deleted: move them first.</p>
          </Remove>
        </>
      )}
      <Notice error={leave.error} />
    </>
  )
}

function NewTeam() {
  const [team, setTeam] = useState('')
  const create = useChange('teams.create', () => setTeam(''))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({ team: team.trim() })
  }
  return (
    <form onSubmit={submit} className="grid gap-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="New team"
          required
          maxLength={64}
          value={team}
          onChange={(event) => setTeam(event.target.value)}
        />
        <Button type="submit" icon="plus" busy={create.isPending}>
          Make the team
        </Button>
      </div>
      <Notice error={create.error} />
    </form>
  )
}
