// A channel whose settings and secrets are entered.

import { useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Copyable } from '../../../ui/copy.tsx'
import { type ChannelDraft, ChannelForm } from './channel-form.tsx'
import { NEW_POLICY } from './policy.tsx'
import { type Channel, type ChannelKind, given, openOf, secretOf } from './types.ts'

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
  const [draft, setDraft] = useState<ChannelDraft>({ name: '', values: {}, policy: NEW_POLICY })
  const create = useChange('channels.create', onMade)
  const { name, values, policy } = draft
  return (
    <>
      <p className="text-sm">{FIRST[kind]}</p>
      <Copyable label={`Copy the address for ${title}`} text={deliverTo} />
      <ChannelForm
        label={`A new channel to ${title}`}
        verb="Add the channel"
        {...{ fields, draft, sending: create, onChange: setDraft }}
        onSend={() =>
          create.mutate({
            ...{ kind, name: name.trim(), ...policy },
            ...{ settings: given(openOf(fields), values), secrets: given(secretOf(fields), values) },
          })
        }
      />
    </>
  )
}
