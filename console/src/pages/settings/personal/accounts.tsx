// Accounts elsewhere that are one's own. They are known by ids, which are never given to anybody else, not by names.

import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { Remove } from '../parts/remove.tsx'
import { Things, What } from '../parts/things.tsx'

const RETURN_TO = '/settings/personal'

export function Accounts() {
  const found = useRead('accounts.list', {})
  const link = useChange('accounts.link', ({ url }) => location.assign(url))
  return (
    <Section title="Linked accounts">
      <Things
        label="Linked accounts"
        things={found.data?.accounts}
        error={found.error}
        keyOf={({ id }) => id}
        line={({ id, provider, accountId, name, linkedAt }) => (
          <>
            <What name={`${name} at ${provider}`}>
              <span>id {accountId}</span>
              <span>
                linked <RelativeTime time={linkedAt} />
              </span>
            </What>
            <Remove
              operation="accounts.unlink"
              input={{ id }}
              verb="Unlink"
              name={`${name} at ${provider}`}
              done="The account is unlinked."
            >
              <p>You cannot sign in with it any more.</p>
            </Remove>
          </>
        )}
      />
      <Notice error={link.error} />
      <div className="flex flex-wrap gap-2">
        {found.data?.linkable.map(({ id, name }) => (
          <Button
            key={id}
            busy={link.isPending && link.variables.provider === id}
            onClick={() => link.mutate({ provider: id, returnTo: RETURN_TO })}
          >
            Link {name}
          </Button>
        ))}
      </div>
    </Section>
  )
}
