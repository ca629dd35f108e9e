// The description of a credential: notes for people.

import { type FormEvent, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { TextArea } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import type { AskedProps } from './deleting.tsx'

export function Describing({ credential: { id, name, description = '' }, onClose }: AskedProps) {
  const [text, setText] = useState(description)
  const update = useChange('credentials.update', onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    update.mutate({ id, description: text })
  }
  return (
    <Dialog open onClose={onClose} title={`Describe ${name}`}>
      <form onSubmit={submit} className="grid gap-4">
        <TextArea
          label="Description"
          hint="What it is for, and when it has to be changed. Never a value."
          maxLength={1000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Notice error={update.error} />
        <Actions>
          <Button type="submit" kind="primary" busy={update.isPending}>
            Save
          </Button>
        </Actions>
      </form>
    </Dialog>
  )
}
