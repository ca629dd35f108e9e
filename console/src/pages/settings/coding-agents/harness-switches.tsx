// Which harnesses the organization uses at all.

import { useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'

type Switch = Output<'harnesses.set'>

export function HarnessSwitches({ manages }: { manages: boolean }) {
  const found = useRead('harnesses.list', {})
  return (
    <Section title="Harnesses">
      <p className="text-sm text-soft">
        A harness that is off starts no run for anybody in the organization, and runs under way get no
        credential any more.
      </p>
      <Notice error={found.error} />
      {found.isPending && <SkeletonLines lines={2} />}
      <ul className="divide-y">
        {found.data?.harnesses.map((one) => (
          <Harness key={one.harness} one={one} manages={manages} />
        ))}
      </ul>
    </Section>
  )
}

function Harness({ one, manages }: { one: Switch; manages: boolean }) {
  const { harness, title, enabled, since, by } = one
  const [asks, setAsks] = useState(false)
  const change = useChange('harnesses.set', () => setAsks(false))
  return (
    <li className="flex flex-wrap items-center gap-3 py-2 text-sm">
      <span className="font-medium">{title}</span>
      <Badge tone={enabled ? 'good' : 'bad'} icon={enabled ? 'check' : 'stop'}>
        {enabled ? 'on' : 'off'}
      </Badge>
      {since !== null && (
        <span className="text-soft">
          since <RelativeTime time={since} />
          {by !== null && `, by ${by}`}
        </span>
      )}
      {manages && (
        <span className="ml-auto">
          {enabled ? (
            <Button onClick={() => setAsks(true)}>Switch {title} off…</Button>
          ) : (
            <Button busy={change.isPending} onClick={() => change.mutate({ harness, enabled: true })}>
              Switch {title} on
            </Button>
          )}
        </span>
      )}
      {!asks && <Notice error={change.error} />}
      <ConfirmDialog
        open={asks}
        onClose={() => setAsks(false)}
        title={`Switch ${title} off?`}
        verb="Switch off"
        error={change.error}
        busy={change.isPending}
        onConfirm={() => change.mutate({ harness, enabled: false })}
      >
        <p>
          Nobody in the organization can start a run of it, and runs under way get no credential, at once.
        </p>
      </ConfirmDialog>
    </li>
  )
}
