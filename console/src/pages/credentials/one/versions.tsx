// The values a credential had, without the values: who stored each, and a way back to it.

import { useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { useTypes } from '../../../words/types.ts'
import { TestFirst, Tried } from '../adding/trying.tsx'
import type { Credential } from './about.tsx'

type Version = Output<'credentials.versions'>['versions'][number]

export function Versions({ credential }: { credential: Credential }) {
  const { data, error, refetch } = useRead('credentials.versions', { id: credential.id })
  const [chosen, setChosen] = useState<Version | null>(null)
  // What a sign-in brought is good once: there is no way back to it.
  const isOffered = credential.may.manage && !credential.type.endsWith('/oauth')
  const versions = [...(data?.versions ?? [])].sort((a, b) => b.version - a.version)
  return (
    <Section title="Versions">
      <Notice error={error} retry={() => void refetch()} />
      {data === undefined && error === null && <SkeletonLines lines={3} />}
      <ol className="grid divide-y">
        {versions.map((one) => (
          <li
            key={one.version}
            className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-1 py-1.5 text-sm"
          >
            <span className="w-24 font-medium">Version {one.version}</span>
            <code className="w-16 text-xs">{one.suffix !== '' && `…${one.suffix}`}</code>
            <span className="min-w-0 basis-full wrap-anywhere text-soft sm:flex-1 sm:basis-0">
              {one.note} by {one.createdBy}, <RelativeTime time={one.createdAt} />
            </span>
            {one.current && (
              <Badge tone="good" icon="check">
                current
              </Badge>
            )}
            {!one.current && isOffered && (
              <Button onClick={() => setChosen(one)}>Use version {one.version} again…</Button>
            )}
          </li>
        ))}
      </ol>
      {chosen !== null && (
        <RollingBack credential={credential} version={chosen} onClose={() => setChosen(null)} />
      )}
    </Section>
  )
}

interface RollingBackProps {
  readonly credential: Credential
  readonly version: Version
  readonly onClose: () => void
}

function RollingBack({ credential, version: { version }, onClose }: RollingBackProps) {
  const { id, name } = credential
  const type = useTypes().find((one) => one.type === credential.type)
  const [test, setTest] = useState(true)
  const say = useToast()
  const rollback = useChange('credentials.rollback', () => {
    say(`${name} has the value of version ${version} again.`)
    onClose()
  })
  const send = (saveAnyway: boolean) =>
    rollback.mutate({ id, version, ...(type?.testable === true && test && { test: true, saveAnyway }) })
  return (
    <Dialog open onClose={onClose} title={`Use version ${version} of ${name} again?`}>
      <p>Its value becomes the current one, as a new version. The one that is current now is kept.</p>
      {type !== undefined && <TestFirst type={type} test={test} onChange={setTest} />}
      <Tried error={rollback.error} busy={rollback.isPending} onSaveAnyway={() => send(true)} />
      <Actions>
        <Button onClick={onClose}>Keep the current one</Button>
        <Button kind="primary" busy={rollback.isPending} onClick={() => send(false)}>
          Use version {version}
        </Button>
      </Actions>
    </Dialog>
  )
}
