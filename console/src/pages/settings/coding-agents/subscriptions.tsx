// Whom subscriptions may serve: said in plain words, and the terms shown before they are shared.

import { useState } from 'react'
import type { Output, Request } from '../../../../../src/api/schemas.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Checkbox, Select } from '../../../ui/field.tsx'
import { Callout, Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { harnessTitle } from '../../../words/harness.ts'
import { mayManage } from '../../../words/roles.ts'

type Policy = Output<'policy.set'>
type Choice = Request<'policy.set'>['policy']

const WORDS: Readonly<Record<Policy['policy'], string>> = {
  off: 'Subscriptions serve nobody.',
  owner: 'A subscription serves only runs of the person it belongs to.',
  shared: 'Subscriptions may also belong to the organization, a team or an agent, and serve their runs.',
}

const TITLES: Readonly<Record<Policy['policy'], string>> = {
  off: 'Off',
  owner: 'Only their owner',
  shared: 'Shared',
}

export function Subscriptions({ role }: { role: string }) {
  const found = useRead('policy.get', {})
  return (
    <Section title="Subscriptions">
      <Notice error={found.error} />
      {found.isPending && <SkeletonLines lines={3} />}
      <div className="grid gap-5 lg:grid-cols-2">
        {found.data?.policies.map((one) => (
          <PolicyOf key={one.harness} policy={one} role={role} />
        ))}
      </div>
    </Section>
  )
}

function PolicyOf({ policy, role }: { policy: Policy; role: string }) {
  const { harness, isDefault, sharingTerms, by } = policy
  const [terms, setTerms] = useState<string | null>(null)
  const change = useChange('policy.set', () => setTerms(null))
  const choose = (chosen: string) => {
    if (chosen === 'shared' && sharingTerms !== null) return setTerms(sharingTerms)
    change.mutate({ harness, policy: chosen as Choice })
  }
  const title = `${harnessTitle(harness)} subscriptions`
  return (
    <div className="grid content-start gap-2 text-sm">
      <h3 className="font-semibold">{harnessTitle(harness)}</h3>
      {mayManage(role) ? (
        <Select
          label={title}
          value={isDefault ? 'default' : policy.policy}
          disabled={change.isPending}
          onChoose={choose}
          options={choicesFor(policy, role)}
        />
      ) : (
        <span>
          <Badge>{TITLES[policy.policy]}</Badge>
        </span>
      )}
      <p>
        {WORDS[policy.policy]}
        {isDefault ? ' Nobody has chosen otherwise.' : by !== null && ` Chosen by ${by}.`}
      </p>
      <ForYou policy={policy} />
      {terms === null && <Notice error={change.error} />}
      <TermsDialog
        key={terms === null ? 'closed' : 'open'}
        title={`Share ${title}?`}
        terms={terms}
        error={change.error}
        busy={change.isPending}
        onClose={() => setTerms(null)}
        onAccept={() => change.mutate({ harness, policy: 'shared', acceptTerms: true })}
      />
    </div>
  )
}

function choicesFor({ policy, isDefault, sharingTerms }: Policy, role: string) {
  const one = (value: Policy['policy']) => ({
    value,
    label: TITLES[value],
    // The server refuses it, too; here it is said before.
    disabled: value === 'shared' && sharingTerms !== null && role !== 'owner',
  })
  const standard = isDefault ? `As it comes: ${TITLES[policy].toLowerCase()}` : 'As it comes'
  return [{ value: 'default', label: standard }, one('off'), one('owner'), one('shared')]
}

function ForYou({ policy: { noticeAccepted, notice, effective } }: { policy: Policy }) {
  if (noticeAccepted === null || notice === null) return null
  if (noticeAccepted)
    return (
      <p className="text-soft">You have accepted the notice. For you: {TITLES[effective].toLowerCase()}.</p>
    )
  return (
    <Callout tone="warn">
      <p>A subscription of your own serves nobody until you accept this, when you add one:</p>
      <p>{notice}</p>
    </Callout>
  )
}

interface TermsProps {
  readonly title: string
  /** Null: it is closed. */
  readonly terms: string | null
  readonly error: unknown
  readonly busy: boolean
  readonly onClose: () => void
  readonly onAccept: () => void
}

function TermsDialog({ title, terms, error, busy, onClose, onAccept }: TermsProps) {
  const [read, setRead] = useState(false)
  return (
    <Dialog open={terms !== null} onClose={onClose} title={title}>
      <Callout tone="warn">
        <p>{terms}</p>
      </Callout>
      <Checkbox
        label="I have read this, and accept it for the organization"
        checked={read}
        onChange={(event) => setRead(event.target.checked)}
      />
      <Notice error={error} />
      <Actions>
        <Button onClick={onClose}>Keep it as it is</Button>
        <Button kind="danger" disabled={!read} busy={busy} onClick={onAccept}>
          Share them
        </Button>
      </Actions>
    </Dialog>
  )
}
