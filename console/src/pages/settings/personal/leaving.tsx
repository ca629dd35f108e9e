// Leaving the organization, with everything of one's own in it.

import { useState } from 'react'
import { signedOut, useSession } from '../../../api/people.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Section } from '../../../ui/page.tsx'
import { WhatEnds } from '../parts/what-ends.tsx'

export function Leaving() {
  const { organization } = useSession()
  const [asks, setAsks] = useState(false)
  const held = useRead('membership.references', {}, { enabled: asks }).data?.held
  const leave = useChange('membership.leave', signedOut)
  const close = () => {
    setAsks(false)
    leave.reset()
  }
  return (
    <Section title="Leaving">
      <p className="text-sm text-soft">Whoever has left comes back by an invitation only.</p>
      <div>
        <Button onClick={() => setAsks(true)}>Leave {organization.name}…</Button>
      </div>
      <ConfirmDialog
        open={asks}
        onClose={close}
        title={`Leave ${organization.name}?`}
        typed={organization.name}
        verb="Leave"
        error={leave.error}
        busy={leave.isPending}
        onConfirm={() => leave.mutate({})}
      >
        <WhatEnds held={held} />
      </ConfirmDialog>
    </Section>
  )
}
