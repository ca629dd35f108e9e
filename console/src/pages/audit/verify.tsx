// Checks that nothing in the log was changed, left out or moved: the whole of it, stretch by stretch.

import { useState } from 'react'
import type { Output } from '../../../../src/api/schemas.ts'
import { api } from '../../api/client.ts'
import { useOnce } from '../../api/once.ts'
import { Button } from '../../ui/button.tsx'
import { Copyable } from '../../ui/copy.tsx'
import { TextField } from '../../ui/field.tsx'
import { Callout, Notice } from '../../ui/notice.tsx'

interface Verified {
  readonly entries: number
  readonly last: number
  readonly hash: string
  readonly findings: Output<'audit.verify'>['findings']
  readonly omitted: number
}

// `POSITION:HASH`, as it is shown after verifying and by the command line.
const KEPT = /^(\d+):([0-9a-f]{64})$/

async function verify(kept: string, told: (entries: number) => void): Promise<Verified> {
  const [, anchorPosition, anchorHash] = KEPT.exec(kept.trim()) ?? []
  const anchor = anchorHash === undefined ? {} : { anchorPosition: Number(anchorPosition), anchorHash }
  let entries = 0
  let omitted = 0
  const findings: Verified['findings'][number][] = []
  let place: { position: number; hash?: string } | null = { position: 0 }
  let answer: Output<'audit.verify'> | undefined
  while (place !== null) {
    answer = await api.call('audit.verify', { ...place, ...anchor })
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
  const [kept, setKept] = useState('')
  const isKept = kept.trim() === '' || KEPT.test(kept.trim())
  const verifying = useOnce({ mutationFn: () => verify(kept, setRead) })
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-end gap-3">
        <Button icon="check" busy={verifying.isPending} disabled={!isKept} onClick={() => verifying.mutate()}>
          Verify the log
        </Button>
        <TextField
          label="Against a line you kept earlier"
          placeholder="272:bf81…"
          error={isKept ? undefined : 'It is a number, a colon and 64 letters and digits.'}
          autoComplete="off"
          spellCheck={false}
          maxLength={100}
          value={kept}
          onChange={(event) => setKept(event.target.value)}
        />
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
        <p>
          This line says where the log ends now. Keep it where nobody who runs the server can change it:
          verified against it later, the log cannot have lost or changed anything up to here.
        </p>
        <Copyable text={`${last}:${hash}`} label="Copy the line" />
        <p>
          “Export signed” has the same inside: <code>claviger audit verify --file audit.jsonl</code> proves it
          without a server.
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
