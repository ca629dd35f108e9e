// The role of a member: chosen, and changed after a question that says what the new one may do.

import { useState } from 'react'
import { useSession } from '../../../api/people.ts'
import { useChange } from '../../../api/queries.ts'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Select } from '../../../ui/field.tsx'
import { ROLES, type Role } from '../parts/roles.ts'

const MAY: Readonly<Record<Role, string>> = {
  member: 'A member has runs and personal credentials, and what their teams share.',
  auditor: 'An auditor reads what there is and what was done, and begins no runs.',
  admin: 'An admin manages people, workers, and the credentials of the organization and of all teams.',
  owner: 'An owner may do everything here, also make and remove owners.',
}

export interface RoleOfProps {
  readonly member: { readonly id: string; readonly email: string; readonly role: string }
}

export function RoleOf({ member: { id, email, role } }: RoleOfProps) {
  const { person } = useSession()
  const [asked, setAsked] = useState<Role | null>(null)
  const change = useChange('members.update', () => setAsked(null))
  const close = () => {
    setAsked(null)
    change.reset()
  }
  return (
    <>
      <Select
        label={`Role of ${email}`}
        quiet
        value={asked ?? role}
        disabled={change.isPending}
        onChoose={(chosen) => setAsked(ROLES.find((one) => one === chosen && one !== role) ?? null)}
        options={ROLES.map((value) => ({
          value,
          label: value,
          disabled: value === 'owner' && person.role !== 'owner',
        }))}
      />
      <ConfirmDialog
        open={asked !== null}
        onClose={close}
        title={`Make ${email} ${asked === null ? '' : withArticle(asked)}?`}
        verb="Change the role"
        error={change.error}
        busy={change.isPending}
        onConfirm={() => asked !== null && change.mutate({ member: id, role: asked })}
      >
        <p>
          {id === person.id ? `You are ${withArticle(role)} now.` : `${email} is ${withArticle(role)} now.`}{' '}
          {asked !== null && MAY[asked]}
        </p>
      </ConfirmDialog>
    </>
  )
}

function withArticle(role: string): string {
  return role === 'member' ? 'a member' : `an ${role}`
}
