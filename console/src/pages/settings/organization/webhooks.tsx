// Where the organization is told what happens to its logins.

import { type FormEvent, useState } from 'react'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { Remove } from '../parts/remove.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import { Things, What } from '../parts/things.tsx'

export function Webhooks() {
  const found = useRead('webhooks.list', {})
  return (
    <Section title="Webhooks">
      <p className="text-sm text-soft">
        They are told when a login cannot be renewed, works again, needs somebody, or ends soon.
      </p>
      <Things
        label="Webhooks"
        things={found.data?.webhooks}
        error={found.error}
        keyOf={({ id }) => id}
        line={({ id, url, description, events }) => (
          <>
            <What name={url}>
              {description !== '' && <span>{description}</span>}
              <span>{events === null ? 'all events' : events.join(', ')}</span>
            </What>
            <TestWebhook id={id} url={url} />
            <Remove
              operation="webhooks.remove"
              input={{ id }}
              verb="Remove"
              name={`the webhook ${url}`}
              done="The webhook is removed."
            >
              <p>Nothing is sent there any more, nor what was still to be sent.</p>
            </Remove>
          </>
        )}
      />
      <NewWebhook />
    </Section>
  )
}

function TestWebhook({ id, url }: { id: string; url: string }) {
  const say = useToast()
  const test = useChange('webhooks.test', ({ delivered, status }) =>
    say(delivered ? `It was taken: ${status}.` : `It was not taken: ${status}.`),
  )
  return (
    <>
      <Button aria-label={`Test ${url}`} busy={test.isPending} onClick={() => test.mutate({ id })}>
        Test
      </Button>
      <Notice error={test.error} />
    </>
  )
}

function NewWebhook() {
  const [url, setUrl] = useState('')
  const create = useChange('webhooks.create', () => setUrl(''))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({ url: url.trim() })
  }
  return (
    <form onSubmit={submit} className="grid gap-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="New webhook"
          type="url"
          placeholder="https://"
          required
          value={url}
          onChange={(event) => setUrl(event.target.value)}
        />
        <Button type="submit" icon="plus" busy={create.isPending}>
          Add the webhook
        </Button>
      </div>
      <Notice error={create.error} />
      <ShownOnce
        title="Secret of the webhook"
        texts={create.data === undefined ? null : [{ label: 'Secret', text: create.data.secret }]}
        onClose={() => create.reset()}
      >
        <p className="text-sm text-soft">
          What is sent is signed with it, by the rules of Standard Webhooks.
        </p>
      </ShownOnce>
    </form>
  )
}
