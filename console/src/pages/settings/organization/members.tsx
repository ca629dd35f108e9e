// The members, their roles, and what can be done for one who cannot get in.

import { useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useSession } from '../../../api/people.ts'
import { useChange, usePages, useRead } from '../../../api/queries.ts'
import { Badge } from '../../../ui/badge.tsx'
import { IconButton } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Menu } from '../../../ui/menu.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { More } from '../parts/more.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import { Things, What } from '../parts/things.tsx'
import { WhatEnds } from '../parts/what-ends.tsx'
import { RoleOf } from './role.tsx'

type Member = Output<'members.list'>['members'][number]

const PAGE = 100

export function Members({ manages }: { manages: boolean }) {
  const [search, setSearch] = useState('')
  const asked = search.trim()
  const found = usePages('members.list', { limit: PAGE, ...(asked !== '' && { search: asked }) })
  return (
    <Section title="Members">
      <TextField
        label="Find a member"
        type="search"
        maxLength={100}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <Things
        label="Members"
        things={found.data?.pages.flatMap(({ members }) => members)}
        error={found.error}
        keyOf={({ id }) => id}
        line={(member) => <MemberLine member={member} manages={manages} />}
      />
      <More pages={found} what="members" />
    </Section>
  )
}

function MemberLine({ member, manages }: { member: Member; manages: boolean }) {
  const { person } = useSession()
  const { id, email, name, role, teams } = member
  // Only an owner makes or changes an owner.
  const mayChange = manages && (person.role === 'owner' || role !== 'owner')
  return (
    <>
      <What name={email}>
        <span>{name}</span>
        {id === person.id && <span>This is you</span>}
        {teams.length > 0 && <span>{teams.join(', ')}</span>}
      </What>
      {mayChange ? <RoleOf member={member} /> : <Badge>{role}</Badge>}
      {mayChange && id !== person.id && <MemberMenu member={member} />}
    </>
  )
}

function MemberMenu({ member: { id, email } }: { member: Member }) {
  const [asks, setAsks] = useState<'remove' | 'reset' | null>(null)
  const say = useToast()
  const link = useChange('members.link')
  const reset = useChange('members.resetSecondFactor', ({ reset: wasOn }) => {
    setAsks(null)
    say(wasOn ? `The second factor of ${email} is off.` : `${email} has no second factor.`)
  })
  return (
    <>
      <Menu
        trigger={<IconButton label={`What to do with ${email}`} icon="dots" />}
        groups={[
          [
            { label: 'Make a sign-in link', onChoose: () => link.mutate({ member: id }) },
            { label: 'Reset the second factor…', onChoose: () => setAsks('reset') },
          ],
          [{ label: 'Remove…', danger: true, onChoose: () => setAsks('remove') }],
        ]}
      />
      <Notice error={link.error} />
      <ShownOnce
        title={`Sign-in link for ${email}`}
        texts={link.data === undefined ? null : [{ label: 'Link', text: link.data.link }]}
        onClose={() => link.reset()}
      >
        <p className="text-sm text-soft">It works once, and sets a new password.</p>
      </ShownOnce>
      <ConfirmDialog
        open={asks === 'reset'}
        onClose={() => setAsks(null)}
        title={`Reset the second factor of ${email}?`}
        verb="Reset"
        error={reset.error}
        busy={reset.isPending}
        onConfirm={() => reset.mutate({ member: id })}
      >
        <p>Their password alone will let them in until they set up another. Be sure who asks you for it.</p>
      </ConfirmDialog>
      <RemoveMember id={id} email={email} open={asks === 'remove'} onClose={() => setAsks(null)} />
    </>
  )
}

interface RemoveMemberProps {
  readonly id: string
  readonly email: string
  readonly open: boolean
  readonly onClose: () => void
}

function RemoveMember({ id, email, open, onClose }: RemoveMemberProps) {
  const say = useToast()
  const held = useRead('members.references', { member: id }, { enabled: open }).data?.held
  const remove = useChange('members.remove', () => {
    onClose()
    say(`${email} is no member any more.`)
  })
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Remove ${email}?`}
      typed={email}
      verb="Remove"
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => remove.mutate({ member: id })}
    >
      <WhatEnds held={held} />
    </ConfirmDialog>
  )
}
