// One credential: what it is, and its end.

import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { CredentialView } from '../../../../src/api/schemas.ts'
import { useChange, useRead } from '../../api/queries.ts'
import { StatePill } from '../../ui/badge.tsx'
import { ButtonLink, IconButton } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Menu } from '../../ui/menu.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { useToast } from '../../ui/toast.tsx'
import { SkeletonLines } from '../../ui/waiting.tsx'
import { useOwnerWords } from '../../words/owner.ts'

const route = getRouteApi('/app/credentials/$id')

export function CredentialPage() {
  const { id } = route.useParams()
  const { data, error, refetch } = useRead('credentials.get', { id })
  return (
    <Page
      title={data?.name ?? 'Credential'}
      actions={
        <>
          <ButtonLink to="/credentials">All credentials</ButtonLink>
          {data !== undefined && <Doing credential={data} />}
        </>
      }
    >
      <Notice error={error} retry={() => void refetch()} />
      {error === null && (
        <Section title="About">
          {data === undefined ? <SkeletonLines lines={6} /> : <About credential={data} />}
        </Section>
      )}
    </Page>
  )
}

function About({ credential }: { credential: CredentialView }) {
  const ownerWords = useOwnerWords()
  const { type, owner, state, stateReason, suffix, description, createdAt, updatedAt, version } = credential
  return (
    <Facts
      facts={[
        ['State', <StatePill key="state" state={state} />],
        ['Why', stateReason],
        ['Type', type],
        ['Owner', ownerWords(owner)],
        ['Ends in', suffix],
        ['Description', description],
        ['Version', version?.toString()],
        ['Created', createdAt !== undefined && <RelativeTime key="created" time={createdAt} />],
        ['Updated', updatedAt !== undefined && <RelativeTime key="updated" time={updatedAt} />],
      ]}
    />
  )
}

function Doing({ credential }: { credential: CredentialView }) {
  const [deleting, setDeleting] = useState(false)
  return (
    <>
      <Menu
        trigger={<IconButton label="What to do with it" icon="dots" />}
        groups={[[{ label: 'Delete…', icon: 'cross', danger: true, onChoose: () => setDeleting(true) }]]}
      />
      <Deleting credential={credential} open={deleting} onClose={() => setDeleting(false)} />
    </>
  )
}

interface DeletingProps {
  readonly credential: CredentialView
  readonly open: boolean
  readonly onClose: () => void
}

function Deleting({ credential: { id, name }, open, onClose }: DeletingProps) {
  const navigate = useNavigate()
  const say = useToast()
  const references = useRead('credentials.references', { id }, { enabled: open })
  const remove = useChange('credentials.delete', () => {
    say(`${name} is deleted.`)
    void navigate({ to: '/credentials' })
  })
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Delete ${name}?`}
      verb="Delete"
      typed={name}
      busy={remove.isPending}
      error={remove.error ?? references.error}
      onConfirm={() => remove.mutate({ id })}
    >
      <p>It is deleted with all its versions, and cannot be brought back.</p>
      {references.data !== undefined && references.data.references.length > 0 && (
        <ul className="list-disc pl-5 text-sm">
          {references.data.references.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
    </ConfirmDialog>
  )
}
