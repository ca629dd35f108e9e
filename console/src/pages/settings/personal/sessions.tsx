// The browsers one is signed in with.

import { useChange, useRead } from '../../../api/queries.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { browserWords } from '../../../words/browser.ts'
import { Things, What } from '../parts/things.tsx'

export function Sessions() {
  const found = useRead('sessions.list', {})
  const say = useToast()
  const revoke = useChange('sessions.revoke', () => say('That browser is signed out.'))
  const others = useChange('sessions.revokeOthers', ({ revoked }) =>
    say(`${revoked} ${revoked === 1 ? 'browser is' : 'browsers are'} signed out.`),
  )
  const hasOthers = found.data?.sessions.some(({ current }) => !current) === true
  return (
    <Section
      title="Where you are signed in"
      actions={
        hasOthers && (
          <Button busy={others.isPending} onClick={() => others.mutate({})}>
            Sign out all others
          </Button>
        )
      }
    >
      <Notice error={revoke.error ?? others.error} />
      <Things
        label="Sessions"
        things={found.data?.sessions.toSorted((a, b) => Number(b.current) - Number(a.current))}
        error={found.error}
        keyOf={({ id }) => id}
        line={({ id, current, method, userAgent, address, createdAt, lastSeenAt }) => (
          <>
            <What name={<span title={userAgent}>{browserWords(userAgent)}</span>}>
              <span>from {address}</span>
              <span>by {method}</span>
              <span>
                since <RelativeTime time={createdAt} />
              </span>
              <span>
                seen <RelativeTime time={lastSeenAt} />
              </span>
            </What>
            {current ? (
              <Badge tone="good" icon="check">
                this one
              </Badge>
            ) : (
              <Button
                kind="quiet"
                aria-label={`Sign out ${browserWords(userAgent)}`}
                disabled={revoke.isPending}
                onClick={() => revoke.mutate({ id })}
              >
                Sign out
              </Button>
            )}
          </>
        )}
      />
    </Section>
  )
}
