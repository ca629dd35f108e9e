// Why a run would get one credential, or would not: said before everything else.

import { Link } from '@tanstack/react-router'
import type { Output } from '../../../../src/api/schemas.ts'
import { useRead } from '../../api/queries.ts'
import { Notice } from '../../ui/notice.tsx'
import { Section } from '../../ui/page.tsx'
import { SkeletonLines } from '../../ui/waiting.tsx'
import { harnessTitle } from '../../words/harness.ts'
import { useOwnerWords } from '../../words/owner.ts'
import { VerdictBadge } from './decisions.tsx'

type Credential = Output<'credentials.get'>

export interface OneReasonProps {
  readonly id: string
  readonly explained: Output<'explain'>
}

export function OneReason({ id, explained }: OneReasonProps) {
  const { data, error } = useRead('credentials.get', { id })
  if (error !== null) return <Notice error={error} />
  if (data === undefined) return <SkeletonLines lines={2} />
  const place = explained.decisions.findIndex(({ credential }) => credential?.id === id)
  const decision = explained.decisions[place]
  return (
    <Section
      title={`Why ${data.name} is ${decision?.verdict === 'chosen' ? '' : 'not '}used`}
      actions={
        <Link to="/credentials/$id" params={{ id }} className="text-sm text-accent underline">
          Its page
        </Link>
      }
    >
      {decision === undefined ? (
        <NoCandidate credential={data} explained={explained} />
      ) : (
        <div className="flex flex-wrap items-center gap-2 text-sm">
          <VerdictBadge verdict={decision.verdict} />
          <span>
            Number {place + 1} of {explained.decisions.length}:
          </span>
          <span className="wrap-anywhere">{decision.reason}</span>
        </div>
      )}
    </Section>
  )
}

function NoCandidate({
  credential: { harness, owner },
  explained,
}: Pick<OneReasonProps, 'explained'> & { credential: Credential }) {
  const ownerWords = useOwnerWords()
  const wanted = harnessTitle(explained.harness)
  return (
    <p className="text-sm">
      {harness === explained.harness
        ? `It is no candidate for ${explained.for}. It belongs to: ${ownerWords(owner)}.`
        : `It is no candidate: it is for ${harnessTitle(harness)}, and this would be a run of ${wanted}.`}
    </p>
  )
}
