// Somebody is put into a team: chosen, and put in after a question that says what it gives them.

import { useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useSession } from '../../../api/people.ts'
import { useChange } from '../../../api/queries.ts'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Select } from '../../../ui/field.tsx'

type Member = Output<'members.list'>['members'][number]

export interface JoiningProps {
  readonly team: string
  /** Who is not in it. */
  readonly others: readonly Member[]
}

export function Joining({ team, others }: JoiningProps) {
  const { person } = useSession()
  const [asked, setAsked] = useState<Member | null>(null)
  const join = useChange('teams.join', () => setAsked(null))
  const close = () => {
    setAsked(null)
    join.reset()
  }
  const isSelf = asked?.id === person.id
  return (
    <>
      <Select
        label={`Put somebody into ${team}`}
        quiet
        value={asked?.email ?? ''}
        disabled={join.isPending || others.length === 0}
        onChoose={(chosen) => setAsked(others.find(({ email }) => email === chosen) ?? null)}
        options={[
          { value: '', label: 'Put somebody in…', disabled: true },
          ...others.map(({ email }) => ({ value: email, label: email })),
        ]}
      />
      <ConfirmDialog
        open={asked !== null}
        onClose={close}
        title={`Put ${isSelf ? 'yourself' : asked?.email} into ${team}?`}
        verb="Put in"
        otherwise="Not now"
        error={join.error}
        busy={join.isPending}
        onConfirm={() => asked !== null && join.mutate({ team, member: asked.id })}
      >
        {asked !== null && <p>{meaning(asked, isSelf)}</p>}
        <p>It ends when {isSelf ? 'you are' : 'they are'} taken out again.</p>
      </ConfirmDialog>
    </>
  )
}

// What is new to whom of this role.
function meaning({ email, role }: Member, isSelf: boolean): string {
  const who = isSelf ? 'You' : email
  const whose = isSelf ? 'Your' : 'Their'
  const runs = `${whose} runs may get these credentials from now on, before those of the organization.`
  if (role === 'auditor')
    return `${who} can see already what every team owns; an auditor begins no runs, and uses nothing of it.`
  if (role === 'member')
    return `${who} will see, use and change all credentials of the team, and read the runs that are begun in it. ${runs}`
  return `${who} can see and change the credentials of the team already, and will use them too. ${runs}`
}
