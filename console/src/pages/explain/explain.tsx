// Which credential a run would get, and why not another: every candidate, in order.

import { getRouteApi } from '@tanstack/react-router'
import type { Output } from '../../../../src/api/schemas.ts'
import { useAsked, useRead } from '../../api/queries.ts'
import { Button } from '../../ui/button.tsx'
import { Callout, Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { Together } from '../../ui/together.tsx'
import { EmptyState, SkeletonLines } from '../../ui/waiting.tsx'
import { harnessTitle } from '../../words/harness.ts'
import { Hint } from '../../words/hint.tsx'
import { askedIn, inputOf, isOwn } from './asked.ts'
import { DecisionList } from './decisions.tsx'
import { OneReason } from './one-reason.tsx'
import { WhoseRun } from './whose-run.tsx'

const route = getRouteApi('/app/explain')

export function ExplainPage() {
  const asked = askedIn({ ...route.useSearch() })
  const input = inputOf(asked)
  const found = useExplained(input, isOwn(asked))
  return (
    <Page
      title="Explain"
      lead="Every credential that a run could get, in the order in which they are tried, and the reason for each."
    >
      <Together>
        <WhoseRun asked={asked} />
        <Notice error={found.error} retry={() => void found.refetch()} />
        {input === null ? (
          <Callout tone="info">
            <p>A run without a person is a team's or an agent's: choose one.</p>
          </Callout>
        ) : (
          <>
            {found.isBehind && <Behind busy={found.isFetching} onAgain={() => void found.refetch()} />}
            {found.isPending && <SkeletonLines lines={5} />}
            {found.data !== undefined && <Explanation explained={found.data} about={asked.credential} />}
          </>
        )}
      </Together>
    </Page>
  )
}

// Whoever looks at others' runs is written down in the audit log each time: only when a person asks.
function useExplained(input: ReturnType<typeof inputOf>, own: boolean) {
  const question = input ?? { harness: 'claude' as const }
  const live = useRead('explain', question, { enabled: input !== null && own })
  const asked = useAsked('explain', question, input !== null && !own)
  return own ? { ...live, isBehind: false } : asked
}

function Behind({ busy, onAgain }: { busy: boolean; onAgain: () => void }) {
  return (
    <div role="status">
      <Callout tone="info">
        <p>Something has changed since this was read. Reading it is an entry of the audit log.</p>
        <div>
          <Button icon="cycle" busy={busy} onClick={onAgain}>
            Read it again
          </Button>
        </div>
      </Callout>
    </div>
  )
}

interface ExplanationProps {
  readonly explained: Output<'explain'>
  /** The id of the credential that is asked about. */
  readonly about: string | undefined
}

function Explanation({ explained, about }: ExplanationProps) {
  const { harness, decisions, enabled, sentence, hint } = explained
  const chosen = explained.chosen === null ? undefined : decisions[explained.chosen]
  return (
    <div className="grid gap-4">
      {about !== undefined && <OneReason id={about} explained={explained} />}
      {sentence !== null && (
        <Callout tone={enabled ? 'warn' : 'bad'}>
          <p className="font-medium wrap-anywhere">{sentence}</p>
          {hint !== null && <Hint text={hint} />}
        </Callout>
      )}
      <p role="status" className="text-sm text-soft">
        {harnessTitle(harness)}, for {explained.for}:{' '}
        {chosen === undefined
          ? 'nothing would serve.'
          : `${chosen.credential?.name ?? 'what the machine has itself'} would serve.`}
      </p>
      {decisions.length === 0 ? (
        <EmptyState icon="explain" title="There is no candidate" />
      ) : (
        <DecisionList decisions={decisions} about={about} />
      )}
    </div>
  )
}
