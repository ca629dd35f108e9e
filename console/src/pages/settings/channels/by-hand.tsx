// A channel whose settings and secrets are entered.

import { type FormEvent, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Copyable } from '../../../ui/copy.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { ChannelFields, OtherError } from './channel-fields.tsx'
import { isWhole, NEW_POLICY, type Policy, PolicyFields } from './policy.tsx'
import { type Channel, type ChannelKind, given, type Values } from './types.ts'

const FIRST: Readonly<Record<ChannelKind['kind'], string>> = {
  github:
    'Make a webhook with this address at GitHub, of an App or of a repository, with the content type JSON. The channel takes the number and the private key of an App, or the token of an account.',
  linear:
    'In Linear, Settings → API: make a webhook with this address for Issues and Comments, and an API key of the account that is mentioned.',
}

interface ByHandProps {
  readonly kind: ChannelKind
  readonly onMade: (channel: Channel) => void
}

export function ByHand({ kind: { kind, title, fields, deliverTo }, onMade }: ByHandProps) {
  const [name, setName] = useState('')
  const [values, setValues] = useState<Values>({})
  const [policy, setPolicy] = useState<Policy>(NEW_POLICY)
  const create = useChange('channels.create', onMade)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({
      ...{ kind, name: name.trim(), ...policy },
      settings: given(
        fields.filter(({ secret }) => !secret),
        values,
      ),
      secrets: given(
        fields.filter(({ secret }) => secret),
        values,
      ),
    })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <p className="text-sm">{FIRST[kind]}</p>
      <Copyable label={`Copy the address for ${title}`} text={deliverTo} />
      <TextField
        label="Name of the channel"
        hint="What it is called here."
        required
        maxLength={64}
        autoComplete="off"
        value={name}
        onChange={({ target }) => setName(target.value)}
      />
      <ChannelFields
        fields={fields}
        values={values}
        error={create.error}
        onChange={(changed) => {
          create.reset()
          setValues(changed)
        }}
      />
      <PolicyFields policy={policy} onChange={setPolicy} />
      <OtherError fields={fields} error={create.error} />
      <Actions>
        <Button kind="primary" type="submit" busy={create.isPending} disabled={!isWhole(policy)}>
          Add the channel
        </Button>
      </Actions>
    </form>
  )
}
