// A credential that gets another owner: whom it serves changes with it.

import { type FormEvent, useState } from 'react'
import { useSession } from '../../../api/people.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { useStoringChoices } from '../../../words/owner.ts'
import { OwnerSelect } from '../adding/placing.tsx'
import type { AskedProps } from './deleting.tsx'

export function Moving({ credential: { id, name, owner }, onClose }: AskedProps) {
  const { person } = useSession()
  const isNow = (value: string) => value === owner || (value === 'me' && owner === `user:${person.id}`)
  const owners = useStoringChoices().filter(({ value }) => !isNow(value))
  const [chosen, setChosen] = useState<string | null>(null)
  // Whom it serves changes with it: nothing is chosen for somebody.
  const target = chosen ?? ''
  const references = useRead('credentials.references', { id })
  const say = useToast()
  const move = useChange('credentials.move', ({ cleared }) => {
    say([`${name} is moved.`, ...cleared.map((one) => `Cleared: ${one}.`)].join(' '))
    onClose()
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    move.mutate({ id, owner: target })
  }
  return (
    <Dialog open onClose={onClose} title={`Move ${name}`}>
      <form onSubmit={submit} className="grid gap-4">
        <OwnerSelect
          owner={target}
          owners={[{ value: '', label: 'Choose…' }, ...owners]}
          onChoose={setChosen}
        />
        {references.data !== undefined && references.data.references.length > 0 && (
          <div className="grid gap-1 text-sm">
            <p>It is referred to by what may not fit its new owner:</p>
            <ul className="list-disc pl-5">
              {references.data.references.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </div>
        )}
        <Notice error={move.error} />
        <Actions>
          <Button type="submit" kind="primary" busy={move.isPending} disabled={target === ''}>
            Move
          </Button>
        </Actions>
      </form>
    </Dialog>
  )
}
