// Checks that nothing in the log was changed, left out or moved: the whole of it, stretch by stretch.

import { useState } from 'react'
import type { Output } from '../../../../src/api/schemas.ts'
import { api } from '../../api/client.ts'
import { useOnce } from '../../api/once.ts'
import { useRead } from '../../api/queries.ts'
import { Button } from '../../ui/button.tsx'
import { Callout, Notice } from '../../ui/notice.tsx'

interface Verified {
  readonly entries: number
  readonly last: number
  readonly hash: string
  readonly findings: Output<'audit.verify'>['findings']
  readonly omitted: number
}

async function verify(told: (entries: number) => void): Promise<Verified> {
  let entries = 0
  let omitted = 0
  const findings: Verified['findings'][number][] = []
  let place: { position: number; hash?: string } | null = { position: 0 }
  let answer: Output<'audit.verify'> | undefined
  while (place !== null) {
    answer = await api.call('audit.verify', place)
    entries += answer.entries
    omitted += answer.omitted
    findings.push(...answer.findings)
    told(entries)
    place = answer.next
  }
  return { entries, omitted, findings, last: answer?.to ?? 0, hash: answer?.hash ?? '' }
}

export function Verify() {
  const [read, setRead] = useState(0)
  const verifying = useOnce({ mutationFn: () => verify(setRead) })
  const { data } = useRead('audit.warnings', {})
  return (
    <div className="grid gap-3">
      {data?.warnings.map(({ at, message }) => (
        <Callout key={at} tone="bad">
          <p>{message}</p>
        </Callout>
      ))}
      <div className="flex flex-wrap items-center gap-3">
        <Button icon="check" busy={verifying.isPending} onClick={() => verifying.mutate()}>
          Verify the log
        </Button>
        {verifying.isPending && <span className="text-sm text-soft">{read} entries read</span>}
      </div>
      <Notice error={verifying.error} />
      <div role="status">{verifying.data !== undefined && <Result verified={verifying.data} />}</div>
    </div>
  )
}

function Result({ verified: { entries, last, hash, findings, omitted } }: { verified: Verified }) {
  if (findings.length === 0)
    return (
      <Callout tone="good">
        <p>Everything fits: {entries} entries were read.</p>
        <p className="font-mono text-xs wrap-anywhere">
          {last} {hash}
        </p>
      </Callout>
    )
  return (
    <Callout tone="bad">
      <p className="font-medium">Something does not fit.</p>
      <ul className="list-disc pl-5">
        {findings.map(({ kind, from, message }) => (
          <li key={`${kind} ${from}`}>{message}</li>
        ))}
      </ul>
      {omitted > 0 && <p>and {omitted} more</p>}
    </Callout>
  )
}
