// One channel: where it is delivered to, its settings, its secrets, and what came of it.

import { type FormEvent, useState } from 'react'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button, OutsideLink } from '../../../ui/button.tsx'
import { Copyable } from '../../../ui/copy.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { Facts } from '../../../ui/facts.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { ChannelFields, OtherError } from './channel-fields.tsx'
import { type ChannelDraft, ChannelForm } from './channel-form.tsx'
import { Deliveries } from './deliveries.tsx'
import {
  accountWords,
  type ChannelDetail,
  type ChannelField,
  type ChannelKind,
  given,
  openOf,
  secretOf,
  type Values,
} from './types.ts'

interface OneProps {
  readonly id: string
  readonly kind: ChannelKind
  readonly onChanged: () => void
}

export function OneChannel({ id, kind, onChanged }: OneProps) {
  const found = useRead('channels.get', { id })
  if (found.data === undefined)
    return found.isError ? <Notice error={found.error} /> : <SkeletonLines lines={8} />
  const { hint, installAt, deliverTo, createdAt, createdBy, lastDeliveryAt, lastStatus } = found.data
  const delivered = lastDeliveryAt === null ? 'nothing yet' : <RelativeTime time={lastDeliveryAt} />
  const made = (
    <>
      <RelativeTime time={createdAt} /> by {createdBy}
    </>
  )
  return (
    <div className="grid gap-6">
      <Copyable label={`Copy the address for ${kind.title}`} text={deliverTo} />
      <Facts
        facts={[
          [`Known to ${kind.title} as`, accountWords(found.data)],
          ['Install it', installAt !== null && <OutsideLink href={installAt}>{installAt}</OutsideLink>],
          ['Delivered', delivered],
          ['What became of it', lastStatus],
          ['What is missing', hint],
          ['Made', made],
        ]}
      />
      <Changing channel={found.data} fields={kind.fields} onChanged={onChanged} />
      <NewSecrets channel={found.data} fields={kind.fields} onChanged={onChanged} />
      <Deliveries channel={found.data} />
    </div>
  )
}

interface PartProps {
  readonly channel: ChannelDetail
  readonly fields: readonly ChannelField[]
  readonly onChanged: () => void
}

function Changing({ channel, fields: all, onChanged }: PartProps) {
  const fields = openOf(all)
  const { id, strangers, agent, access } = channel
  const say = useToast()
  const [draft, setDraft] = useState<ChannelDraft>({
    ...{ name: channel.name, values: channel.settings, policy: { strangers, agent, access } },
  })
  const update = useChange('channels.update', (after) => {
    say(`The channel ${after.name} is changed.`)
    onChanged()
  })
  const { name, values, policy } = draft
  return (
    <ChannelForm
      label="Settings of the channel"
      verb="Save the settings"
      {...{ fields, draft, sending: update, onChange: setDraft }}
      onSend={() => update.mutate({ id, name: name.trim(), settings: given(fields, values), ...policy })}
    />
  )
}

// All together: which of the old ones would go with a new one nobody can see.
function NewSecrets({ channel: { id, name, secretNames }, fields: all, onChanged }: PartProps) {
  const fields = secretOf(all)
  const say = useToast()
  const [asks, setAsks] = useState(false)
  const [values, setValues] = useState<Values>({})
  const update = useChange('channels.update', () => {
    say(`The channel ${name} has new secrets.`)
    onChanged()
  })
  const labels = fields.filter((field) => secretNames.includes(field.name)).map(({ label }) => label)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    update.mutate({ id, secrets: given(fields, values) })
  }
  return (
    <form onSubmit={submit} className="grid gap-4" aria-label="Secrets of the channel">
      <h3 className="text-sm font-semibold">Secrets</h3>
      <p className="text-sm text-soft">
        It has: {labels.join(', ')}. They are shown to nobody, and changed all together.
      </p>
      {asks && (
        <ChannelFields
          fields={fields}
          values={values}
          error={update.error}
          onChange={(changed) => {
            update.reset()
            setValues(changed)
          }}
        />
      )}
      <OtherError fields={fields} error={update.error} />
      <Actions>
        {asks ? (
          <Button kind="primary" type="submit" busy={update.isPending}>
            Save the secrets
          </Button>
        ) : (
          <Button onClick={() => setAsks(true)}>Enter new secrets</Button>
        )}
      </Actions>
    </form>
  )
}
