// A link for whoever has the account of a login: good once, for one person, who is signed in here as themselves.

import { type FormEvent, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Copyable } from '../../../ui/copy.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Select, TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import type { AskedProps } from './deleting.tsx'

const DAY = 86_400
const LIVES = [
  { value: '3600', label: 'An hour' },
  { value: String(DAY), label: 'A day' },
  { value: String(7 * DAY), label: 'A week' },
]

export function Linking({ credential: { id, name, owner }, onClose }: AskedProps) {
  const [member, setMember] = useState('')
  const [life, setLife] = useState(String(DAY))
  const create = useChange('loginLinks.create')
  const isPersonal = owner.startsWith('user:')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const whom = member.trim() === '' ? {} : { member: member.trim() }
    create.mutate({ id, ...whom, expiresInSeconds: Number(life) })
  }
  const made = create.data
  return (
    <Dialog open onClose={onClose} title={`A link to sign in again for ${name}`}>
      {made === undefined ? (
        <form onSubmit={submit} className="grid gap-4">
          {!isPersonal && (
            <TextField
              label="For whom"
              hint="The e-mail of whoever has the account. Left empty: somebody who manages this credential."
              type="email"
              autoComplete="off"
              value={member}
              onChange={(event) => setMember(event.target.value)}
            />
          )}
          <Select label="Good for" value={life} onChoose={setLife} options={LIVES} />
          <Notice error={create.error} />
          <Actions>
            <Button type="submit" kind="primary" busy={create.isPending}>
              Make the link
            </Button>
          </Actions>
        </form>
      ) : (
        <div className="grid gap-4">
          <p>
            Send this link to {made.member?.email ?? 'whoever manages the credential'}. It is shown this once,
            works once, and ends <RelativeTime time={made.expiresAt} />. It lets nobody in: they sign in here
            as themselves.
          </p>
          <Copyable text={made.link} label="Copy the link" />
          <Actions>
            <Button onClick={onClose}>Done</Button>
          </Actions>
        </div>
      )}
    </Dialog>
  )
}
