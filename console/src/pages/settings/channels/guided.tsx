// An App of GitHub without copying anything: GitHub makes it of what we say, and sends the browser back with its keys.

import { type FormEvent, useState } from 'react'
import { useSession } from '../../../api/people.ts'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import type { ChannelKind } from './types.ts'

// GitHub's own limit.
const LONGEST = 34

export function Guided({ kind }: { kind: ChannelKind }) {
  const { organization } = useSession()
  const [name, setName] = useState(() => nameFor(organization.name))
  const [owner, setOwner] = useState('')
  const start = useChange('channels.startApp', ({ url }) => location.assign(url))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const whose = owner.trim()
    start.mutate({ kind: kind.kind, name: name.trim(), ...(whose !== '' && { organization: whose }) })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <TextField
        label="Name of the App"
        hint="Nobody else at GitHub may have it. People mention it, in small letters with dashes: @claviger-acme."
        required
        maxLength={LONGEST}
        autoComplete="off"
        spellCheck={false}
        value={name}
        onChange={({ target }) => setName(target.value)}
      />
      <TextField
        label="Organization at GitHub"
        hint="As in its address: github.com/NAME. Left empty, the App is of your own account there."
        autoComplete="off"
        spellCheck={false}
        value={owner}
        onChange={({ target }) => setOwner(target.value)}
      />
      <p className="text-sm text-soft">
        The next page says what the App may do, and leads to GitHub. When you have agreed there you come back,
        and the channel is ready. It takes ten minutes at most.
      </p>
      <Notice error={start.error} />
      <Actions>
        <Button kind="primary" type="submit" busy={start.isPending}>
          Go on
        </Button>
      </Actions>
    </form>
  )
}

// What is no letter, digit, space, dot or dash is in no name there.
function nameFor(organization: string): string {
  const known = organization.replaceAll(/[^\p{L}\p{N} ._-]+/gu, ' ')
  return `Claviger ${known}`
    .replaceAll(/\s+/g, ' ')
    .slice(0, LONGEST)
    .replace(/[ _-]+$/, '')
}
