// One run: the conversation, how it stands, what serves it.

import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useSession } from '../../../api/people.ts'
import { isGone } from '../../../api/problem.ts'
import { reading, useRead } from '../../../api/queries.ts'
import { Badge, StatePill } from '../../../ui/badge.tsx'
import { Button, ButtonLink } from '../../../ui/button.tsx'
import { Facts } from '../../../ui/facts.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Page, Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { harnessTitle } from '../../../words/harness.ts'
import { mayManage } from '../../../words/roles.ts'
import { Gone } from '../../outcome.tsx'
import { StartDialog } from '../start/start-dialog.tsx'
import { Composer } from './composer.tsx'
import type { Conversation, Run } from './conversation.ts'
import { Doing } from './doing.tsx'
import { Flow } from './flow.tsx'
import { type Followed, useConversation } from './follow.ts'
import { HarnessCredential, tokenWords } from './serving.tsx'
import { Standing } from './standing.tsx'

const route = getRouteApi('/app/runs/$id')

export function RunPage() {
  const { id } = route.useParams()
  return <OneRun key={id} id={id} />
}

function OneRun({ id }: { id: string }) {
  const { person } = useSession()
  const isAuditor = person.role === 'auditor'
  const read = useRead('runs.read', { id })
  const followed = useConversation(id, !isAuditor)
  useReadAgain(id, followed.conversation, read.data)
  const [isStarting, setStarting] = useState(false)
  const run = read.data && asKnownLast(read.data, followed.conversation)
  const isOwn = run?.for.kind === 'person' && run.for.id === person.id && !isAuditor
  const startAgain = () => setStarting(true)
  if (isGone(read.error)) return <GoneRun run={run} error={read.error} />
  return (
    <Page
      title={run === undefined ? 'Run' : titleOf(run)}
      lead={run && <Lead run={run} />}
      actions={
        <>
          <ButtonLink to="/runs">All runs</ButtonLink>
          {run && !isAuditor && (
            <Doing
              run={run}
              isOwn={isOwn}
              mayCancel={isOwn || mayManage(person.role)}
              onStartAgain={startAgain}
            />
          )}
        </>
      }
    >
      {run === undefined && <Notice error={read.error} retry={() => void read.refetch()} />}
      {run === undefined && !read.isError && <SkeletonLines lines={8} />}
      {run && (
        <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
          {isAuditor ? (
            <Unseen />
          ) : (
            <Talk run={run} followed={followed} isOwn={isOwn} onStartAgain={startAgain} />
          )}
          <Aside run={run} model={followed.conversation.model} onStartAgain={isAuditor ? null : startAgain} />
        </div>
      )}
      {isStarting && run && <StartDialog again={run} onClose={() => setStarting(false)} />}
    </Page>
  )
}

function GoneRun({ run, error }: { run: Run | undefined; error: unknown }) {
  return (
    <Page title={run === undefined ? 'Run' : titleOf(run)}>
      <Gone name={run && titleOf(run)} error={error}>
        <ButtonLink to="/runs">All runs</ButtonLink>
      </Gone>
    </Page>
  )
}

function titleOf({ title, id }: Run): string {
  return title === '' ? id : title
}

// The stream is ahead of what was read.
function asKnownLast(run: Run, { state }: Conversation): Run {
  if (state === null || state.position <= run.lastEvent) return run
  return { ...run, state: state.state, reason: state.reason }
}

function useReadAgain(id: string, { noteworthy }: Conversation, run: Run | undefined): void {
  const queries = useQueryClient()
  const isBehind = run !== undefined && noteworthy > run.lastEvent
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time something is added
  useEffect(() => {
    if (isBehind) void queries.invalidateQueries({ queryKey: reading('runs.read', { id }).queryKey })
  }, [queries, id, isBehind, noteworthy])
}

function Lead({ run: { state, harness, wish, worker, since } }: { run: Run }) {
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <StatePill state={state} />
      {wish !== null && <Badge icon="clock">{WISHES[wish]}</Badge>}
      <span>{harnessTitle(harness)}</span>
      {worker !== null && <span>on {worker.name}</span>}
      <RelativeTime time={since} />
    </span>
  )
}

const WISHES = { hibernate: 'is put to sleep', cancel: 'is being cancelled', end: 'is being ended' } as const

interface TalkProps {
  readonly run: Run
  readonly followed: Followed
  readonly isOwn: boolean
  readonly onStartAgain: () => void
}

function Talk({ run, followed: { conversation, isPending, error }, isOwn, onStartAgain }: TalkProps) {
  const isOver =
    run.state === 'cancelled' || run.state === 'done' || run.wish === 'cancel' || run.wish === 'end'
  return (
    <section
      aria-label="What was said"
      className="surface flex h-[calc(100dvh-14rem)] min-h-96 sm:h-[calc(100dvh-12rem)] flex-col overflow-hidden"
    >
      <Flow
        entries={conversation.entries}
        messages={run.messages}
        statePosition={conversation.state?.position ?? null}
      >
        {isPending && <SkeletonLines lines={4} />}
        <Notice error={error} />
        {!isPending && <Standing run={run} isOwn={isOwn} onStartAgain={onStartAgain} />}
      </Flow>
      {isOwn && !isOver && <Composer run={run} />}
      {!isOwn && (
        <p className="border-t p-4 text-sm text-soft">This run is {run.for.name}’s: you may read it.</p>
      )}
    </section>
  )
}

function Unseen() {
  return (
    <Section title="Conversation">
      <p className="text-sm text-soft">
        An auditor sees that a run was, and what it used. What was said in it is not theirs to read.
      </p>
    </Section>
  )
}

interface AsideProps {
  readonly run: Run
  readonly model: string | null
  readonly onStartAgain: (() => void) | null
}

function Aside({ run, model, onStartAgain }: AsideProps) {
  const { wanted, usage, createdAt, team } = run
  return (
    <div className="grid content-start gap-4">
      <HarnessCredential
        run={run}
        onStartAgain={onStartAgain && <Button onClick={onStartAgain}>Start again with another…</Button>}
      />
      <Section title="About">
        <Facts
          facts={[
            ['For', run.for.name],
            ['Team', team],
            ['Model', model ?? wanted.model],
            ['Workspace', workspaceWords(wanted.workspace)],
            ['Access', wanted.access],
            ['Worker', wanted.worker],
            ['Tokens', tokenWords(usage)],
            ['Of them cached', usage.cachedInput > 0 && usage.cachedInput.toLocaleString('en')],
            ['Started', <RelativeTime key="started" time={createdAt} />],
          ]}
        />
      </Section>
    </div>
  )
}

function workspaceWords(workspace: Run['wanted']['workspace']): string {
  if (workspace.kind === 'directory') return workspace.path
  if (workspace.kind === 'git')
    return `${workspace.url}${workspace.ref === null ? '' : ` at ${workspace.ref}`}`
  return 'a fresh one'
}
