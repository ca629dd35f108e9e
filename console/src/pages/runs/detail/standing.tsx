// How the run stands, where the conversation goes on: what it waits for, why it ended, and what can be done about it there.

import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useSession } from '../../../api/people.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button, ButtonLink } from '../../../ui/button.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { Callout, Notice } from '../../../ui/notice.tsx'
import { exactWords } from '../../../ui/time.tsx'
import { harnessName } from '../../../words/harness.ts'
import { Hint } from '../../../words/hint.tsx'
import { mayManage } from '../../../words/roles.ts'
import type { Run } from './conversation.ts'
import { SignInHere } from './sign-in-here.tsx'

export interface StandingProps {
  /** With the state that is known last. */
  readonly run: Run
  /** One's own: it can be gone on with. */
  readonly isOwn: boolean
  readonly onStartAgain: () => void
}

export function Standing(props: StandingProps) {
  const { run } = props
  switch (run.state) {
    case 'queued':
      return <Queued run={run} />
    case 'booting':
      return <Busy>Its workspace is made ready…</Busy>
    case 'working':
      return <Busy>{harnessName(run.harness)} works…</Busy>
    case 'waiting_for_credentials':
      return <Waiting run={run} />
    case 'failed':
      return <Failed {...props} />
    case 'hibernated':
      return <Resting {...props} />
    case 'cancelled':
    case 'done':
      return <Over {...props} />
    default:
      return null
  }
}

function Busy({ children }: { children: ReactNode }) {
  return (
    <div className="flex items-center gap-2 text-sm text-soft">
      <Icon name="cycle" className="size-4 animate-spin" />
      <span>{children}</span>
    </div>
  )
}

function Queued({ run: { hint, reason } }: { run: Run }) {
  const { person } = useSession()
  if (hint === null) return <Busy>{reason === '' ? 'It waits for a worker…' : reason}</Busy>
  return (
    <Callout tone="warn">
      <p className="font-medium">No worker takes this run now.</p>
      <Hint text={hint.replace(/^No worker takes it\. /, '')} />
      {mayManage(person.role) && (
        <div className="pt-1">
          <ButtonLink to="/settings/machines">Agents and workers</ButtonLink>
        </div>
      )}
    </Callout>
  )
}

function Waiting({ run: { id, reason, until } }: { run: Run }) {
  const { data } = useRead('overview', {})
  const waiting = data?.waiting.find(({ run }) => run.id === id)
  const signIn = waiting?.signIn ?? null
  return (
    <Callout tone="warn">
      <p className="font-medium">Waiting for credentials</p>
      {reason !== '' && <p className="wrap-anywhere first-letter:uppercase">{reason}</p>}
      <p>
        {until === null
          ? 'It goes on by itself as soon as somebody has signed in again, or another credential serves.'
          : `It goes on by itself as soon as something serves, and looks again at ${exactWords(until)} at the latest.`}
      </p>
      <div className="flex flex-wrap gap-2 pt-1">
        {signIn?.manage === true && <SignInHere id={signIn.id} name={signIn.name} />}
        <ButtonLink to="/settings/coding-agents">Coding agents settings</ButtonLink>
      </div>
    </Callout>
  )
}

function Failed({ run, isOwn, onStartAgain }: StandingProps) {
  return (
    <div role="alert">
      <Callout tone="bad">
        <p className="font-medium wrap-anywhere">{run.reason === '' ? 'The run has failed.' : run.reason}</p>
        <Tried tried={run.tried} />
        <div className="flex flex-wrap items-center gap-2 pt-1">
          {run.link !== null && (
            <Link
              to="/settings/$part"
              params={{ part: 'coding-agents' }}
              className="inline-flex min-h-10 items-center font-medium underline underline-offset-2"
            >
              Coding agents settings
            </Link>
          )}
          {isOwn && <Wake run={run}>Try again</Wake>}
          <Button onClick={onStartAgain}>Start again with another credential…</Button>
        </div>
      </Callout>
    </div>
  )
}

function Tried({ tried }: Pick<Run, 'tried'>) {
  if (tried.length === 0) return null
  return (
    <div>
      <p>What was tried:</p>
      <ul className="list-disc pl-5">
        {tried.map(({ id, generation, name, type, reason }) => (
          <li key={`${id} ${generation} ${reason}`} className="wrap-anywhere">
            {name} ({type}): {reason}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Resting({ run, isOwn }: StandingProps) {
  return (
    <Callout tone="info">
      <p>
        It hibernates: nothing of it runs, and its session stays.
        {isOwn && ' A message wakes it; its credential is chosen anew.'}
      </p>
      {run.reason !== '' && <p className="wrap-anywhere">{run.reason}</p>}
      {isOwn && (
        <div>
          <Wake run={run}>Wake it</Wake>
        </div>
      )}
    </Callout>
  )
}

function Over({ run, onStartAgain }: StandingProps) {
  return (
    <Callout tone="info">
      <p>{run.state === 'done' ? 'This run has ended.' : 'This run was cancelled.'}</p>
      {run.reason !== '' && <p className="wrap-anywhere">{run.reason}</p>}
      <div>
        <Button onClick={onStartAgain}>Start again…</Button>
      </div>
    </Callout>
  )
}

function Wake({ run: { id }, children }: { run: Run; children: string }) {
  const wake = useChange('runs.wake')
  return (
    <>
      <Button busy={wake.isPending} onClick={() => wake.mutate({ id })}>
        {children}
      </Button>
      <Notice error={wake.error} />
    </>
  )
}
