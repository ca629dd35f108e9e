// What something of one's own is called, changed in its place.

import { type FormEvent, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { useToast } from '../../../ui/toast.tsx'

export interface NamingProps {
  readonly operation: 'profile.update' | 'organization.update'
  readonly label: string
  readonly name: string
}

export function Naming({ operation, label, name }: NamingProps) {
  const [typed, setTyped] = useState(name)
  const say = useToast()
  const change = useChange(operation, (after) => {
    setTyped(after.name)
    say(`It is ${after.name} now.`)
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate({ name: typed.trim() })
  }
  const isNew = typed.trim() !== '' && typed.trim() !== name
  return (
    <form onSubmit={submit} className="grid gap-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label={label}
          required
          maxLength={100}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Button type="submit" busy={change.isPending} disabled={!isNew}>
          Keep the name
        </Button>
      </div>
      <Notice error={change.error} />
    </form>
  )
}
