// Who was invited and has not come yet. The link of an invitation is shown once, to whoever made it.

import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useSession } from '../../../api/people.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Checkbox, Select, TextField } from '../../../ui/field.tsx'
import { Callout, Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { Remove } from '../parts/remove.tsx'
import { ROLES, type Role } from '../parts/roles.ts'
import { ShownOnce } from '../parts/shown-once.tsx'
import { Things, What } from '../parts/things.tsx'

const DAY = 86_400

export function Invitations() {
  const [invites, setInvites] = useState(false)
  const [made, setMade] = useState<{ email: string; link: string } | null>(null)
  const found = useRead('invitations.list', {})
  return (
    <Section
      title="Invitations"
      actions={
        <Button icon="plus" onClick={() => setInvites(true)}>
          Invite somebody
        </Button>
      }
    >
      <Things
        label="Invitations"
        things={found.data?.invitations}
        error={found.error}
        keyOf={({ id }) => id}
        line={({ id, kind, email, role, createdBy, expiresAt }) => (
          <>
            <What name={email === '' ? 'The first person' : email}>
              <span>{kind === 'join' ? `to join as ${role}` : 'to sign in again'}</span>
              <span>by {createdBy}</span>
              <span>
                expires <RelativeTime time={expiresAt} />
              </span>
            </What>
            <Remove
              operation="invitations.revoke"
              input={{ id }}
              verb="Revoke"
              name={`the link for ${email}`}
              done="The link does not work any more."
            >
              <p>The link stops working. Nobody is told.</p>
            </Remove>
          </>
        )}
      />
      <Dialog open={invites} onClose={() => setInvites(false)} title="Invite somebody">
        <InviteForm
          onMade={(invitation) => {
            setInvites(false)
            setMade(invitation)
          }}
        />
      </Dialog>
      <ShownOnce
        title={`Invitation for ${made?.email}`}
        texts={made === null ? null : [{ label: 'Link', text: made.link }]}
        onClose={() => setMade(null)}
      >
        <p className="text-sm text-soft">Send it to them yourself. It works once.</p>
      </ShownOnce>
    </Section>
  )
}

function InviteForm({ onMade }: { onMade: (made: { email: string; link: string }) => void }) {
  const { person } = useSession()
  const slugs = useRead('teams.list', {}).data?.teams.map(({ team }) => team) ?? []
  const [given, setGiven] = useState({ email: '', role: 'member' as Role, days: '7' })
  const [teams, setTeams] = useState<readonly string[]>([])
  const invite = useChange('invitations.create', ({ email, link }) => onMade({ email, link }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { email, role, days } = given
    invite.mutate({ email, role, teams: [...teams], expiresInSeconds: Number(days) * DAY })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <WorkerEnds />
      <TextField
        label="E-mail"
        type="email"
        required
        value={given.email}
        onChange={(event) => setGiven({ ...given, email: event.target.value })}
      />
      <Select
        label="Role"
        value={given.role}
        onChoose={(role) => setGiven({ ...given, role: role as Role })}
        options={ROLES.filter((role) => role !== 'owner' || person.role === 'owner').map((value) => ({
          value,
          label: value,
        }))}
      />
      {slugs.length > 0 && (
        <fieldset className="grid gap-2">
          <legend className="mb-1 text-sm font-medium">Teams</legend>
          {slugs.map((slug) => (
            <Checkbox
              key={slug}
              label={slug}
              checked={teams.includes(slug)}
              onChange={({ target }) =>
                setTeams(target.checked ? [...teams, slug] : teams.filter((one) => one !== slug))
              }
            />
          ))}
        </fieldset>
      )}
      <Select
        label="The link expires after"
        value={given.days}
        onChoose={(days) => setGiven({ ...given, days })}
        options={[
          { value: '1', label: 'A day' },
          { value: '7', label: 'A week' },
          { value: '30', label: '30 days' },
        ]}
      />
      <Notice error={invite.error} />
      <Actions>
        <Button kind="primary" type="submit" busy={invite.isPending}>
          Make the link
        </Button>
      </Actions>
    </form>
  )
}

// The worker inside of the server serves one person only, so the second one ends it.
function WorkerEnds() {
  const { data } = useRead('workers.list', {})
  const live = data?.workers.filter(({ state }) => state === 'enrolled') ?? []
  if (!live.some(({ embedded, off }) => embedded && off === null)) return null
  return (
    <Callout tone="warn">
      <p className="font-medium">The server's own worker stops when a second person joins.</p>
      <p>
        An agent that it runs could read what the server can.{' '}
        {live.every(({ embedded }) => embedded) &&
          'Your runs wait from then on, until another worker is there. '}
        <Link
          to="/settings/$part"
          params={{ part: 'machines' }}
          className="font-medium underline underline-offset-2"
        >
          Enrol a worker
        </Link>{' '}
        first.
      </p>
    </Callout>
  )
}
