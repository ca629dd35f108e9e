// What a channel is called, its settings, and who is served: the same for a new one and for one that there is.

import type { FormEvent } from 'react'
import { Button } from '../../../ui/button.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { ChannelFields, OtherError } from './channel-fields.tsx'
import { isWhole, type Policy, PolicyFields } from './policy.tsx'
import type { ChannelField, Values } from './types.ts'

export interface ChannelDraft {
  readonly name: string
  readonly values: Values
  readonly policy: Policy
}

export interface ChannelFormProps {
  readonly label: string
  readonly verb: string
  readonly fields: readonly ChannelField[]
  readonly draft: ChannelDraft
  readonly onChange: (draft: ChannelDraft) => void
  /** What is sent, and what became of it; `reset` forgets an error. */
  readonly sending: { readonly error: unknown; readonly isPending: boolean; readonly reset: () => void }
  readonly onSend: () => void
}

export function ChannelForm(props: ChannelFormProps) {
  const { label, verb, fields, draft, onChange, sending, onSend } = props
  const { name, values, policy } = draft
  const change = (changed: Partial<ChannelDraft>) => {
    // What was refused was what it said before.
    sending.reset()
    onChange({ ...draft, ...changed })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSend()
  }
  return (
    <form onSubmit={submit} className="grid gap-4" aria-label={label}>
      <TextField
        label="Name of the channel"
        hint="What it is called here."
        required
        maxLength={64}
        autoComplete="off"
        value={name}
        onChange={({ target }) => change({ name: target.value })}
      />
      <ChannelFields
        fields={fields}
        values={values}
        error={sending.error}
        onChange={(changed) => change({ values: changed })}
      />
      <PolicyFields policy={policy} onChange={(changed) => change({ policy: changed })} />
      <OtherError fields={fields} error={sending.error} />
      <Actions>
        <Button kind="primary" type="submit" busy={sending.isPending} disabled={!isWhole(policy)}>
          {verb}
        </Button>
      </Actions>
    </form>
  )
}
