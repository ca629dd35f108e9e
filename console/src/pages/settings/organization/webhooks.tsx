// Where the organization is told what happens to its logins.

import { useState } from 'react'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { eventWords } from '../../../words/events.ts'
import { Remove } from '../parts/remove.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import { Things, What } from '../parts/things.tsx'
import { NewWebhook } from './new-webhook.tsx'

export function Webhooks() {
  const found = useRead('webhooks.list', {})
  const [adds, setAdds] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  return (
    <Section
      title="Webhooks"
      actions={
        <Button icon="plus" onClick={() => setAdds(true)}>
          Add a webhook
        </Button>
      }
    >
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
              {events === null ? (
                <span>told everything</span>
              ) : (
                events.map((kind) => <span key={kind}>{eventWords(kind)}</span>)
              )}
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
      <Dialog open={adds} onClose={() => setAdds(false)} title="Add a webhook">
        <NewWebhook
          onMade={(made) => {
            setAdds(false)
            setSecret(made)
          }}
        />
      </Dialog>
      <ShownOnce
        title="Secret of the webhook"
        texts={secret === null ? null : [{ label: 'Secret', text: secret }]}
        onClose={() => setSecret(null)}
      >
        <p className="text-sm text-soft">
          What is sent is signed with it, by the rules of Standard Webhooks.
        </p>
      </ShownOnce>
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
