// Adds a webhook: where it is, and what it is told of.

import { type FormEvent, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { Checkbox, TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { EVENT_KINDS, type EventKind, eventWords } from '../../../words/events.ts'

export function NewWebhook({ onMade }: { onMade: (secret: string) => void }) {
  const [given, setGiven] = useState({ url: '', description: '' })
  const [isAll, setAll] = useState(true)
  const [kinds, setKinds] = useState<readonly EventKind[]>([])
  const create = useChange('webhooks.create', ({ secret }) => onMade(secret))
  const isWhole = isAll || kinds.length > 0
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { url, description } = given
    if (isWhole)
      create.mutate({
        ...{ url: url.trim(), description: description.trim() },
        ...(!isAll && { events: [...kinds] }),
      })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <TextField
        label="Address"
        type="url"
        placeholder="https://"
        required
        value={given.url}
        onChange={({ target }) => setGiven({ ...given, url: target.value })}
      />
      <TextField
        label="Description"
        value={given.description}
        onChange={({ target }) => setGiven({ ...given, description: target.value })}
      />
      <fieldset className="grid gap-2">
        <legend className="mb-1 text-sm font-medium">What it is told</legend>
        <Checkbox
          label="Everything, also what there will be later"
          checked={isAll}
          onChange={({ target }) => setAll(target.checked)}
        />
        {!isAll &&
          EVENT_KINDS.map((kind) => (
            <Checkbox
              key={kind}
              label={eventWords(kind)}
              checked={kinds.includes(kind)}
              onChange={({ target }) =>
                setKinds(target.checked ? [...kinds, kind] : kinds.filter((one) => one !== kind))
              }
            />
          ))}
      </fieldset>
      <Notice error={create.error} />
      <Actions>
        <Button kind="primary" type="submit" busy={create.isPending} disabled={!isWhole}>
          Add it
        </Button>
      </Actions>
    </form>
  )
}
