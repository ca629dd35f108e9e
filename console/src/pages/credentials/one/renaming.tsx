// Another name for a credential.

import { type FormEvent, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { useToast } from '../../../ui/toast.tsx'
import type { AskedProps } from './deleting.tsx'

export function Renaming({ credential: { id, name, type }, onClose }: AskedProps) {
  const [text, setText] = useState(name)
  const say = useToast()
  const rename = useChange('credentials.rename', (after) => {
    say(`${name} is called ${after.name} now.`)
    onClose()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rename.mutate({ id, name: text.trim() })
  }
  return (
    <Dialog open onClose={onClose} title={`Rename ${name}`}>
      <form onSubmit={submit} className="grid gap-4">
        <TextField
          label="New name"
          hint={type === 'raw' ? 'Runs find it in the environment variable of its new name.' : undefined}
          required
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Notice error={rename.error} />
        <Actions>
          <Button type="submit" kind="primary" busy={rename.isPending} disabled={text.trim() === name}>
            Rename
          </Button>
        </Actions>
      </form>
    </Dialog>
  )
}
