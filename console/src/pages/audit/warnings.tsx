// What is wrong with the database as a whole, until somebody has seen to it and says so.

import { useState } from 'react'
import { useSession } from '../../api/people.ts'
import { useChange, useRead } from '../../api/queries.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Callout } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { mayOperate } from '../../words/roles.ts'

/** Nothing where there is nothing to warn of. */
export function Warnings() {
  const { person, operator } = useSession()
  const { data } = useRead('audit.warnings', {})
  if (data === undefined || data.warnings.length === 0) return null
  return (
    <Callout tone="bad">
      {data.warnings.map(({ at, message }) => (
        <p key={at}>{message}</p>
      ))}
      {mayOperate(person.role, operator) ? (
        <Acknowledge />
      ) : (
        <p>It is said until an owner of the organization that operates this server has acknowledged it.</p>
      )}
    </Callout>
  )
}

function Acknowledge() {
  const [asks, setAsks] = useState(false)
  const say = useToast()
  const acknowledge = useChange('audit.acknowledge', () => say('It is acknowledged.'))
  const close = () => {
    setAsks(false)
    acknowledge.reset()
  }
  return (
    <div>
      <Button onClick={() => setAsks(true)}>Acknowledge…</Button>
      <ConfirmDialog
        open={asks}
        onClose={close}
        title="Acknowledge that the database was put back?"
        verb="Acknowledge"
        otherwise="Not yet"
        error={acknowledge.error}
        busy={acknowledge.isPending}
        onConfirm={() => acknowledge.mutate({})}
      >
        <p>
          See to what was lost first: sign in again with what was set aside, enter again what was stored
          since, revoke again what was revoked since.
        </p>
        <p>
          The warning ends, for all organizations of this server. That you have acknowledged it stays in the
          log.
        </p>
      </ConfirmDialog>
    </div>
  )
}
