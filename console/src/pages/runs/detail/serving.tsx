// What serves the run, and served it before: each credential with why it was taken and what was used with it.

import { Link } from '@tanstack/react-router'
import { useRead } from '../../../api/queries.ts'
import { StatePill } from '../../../ui/badge.tsx'
import { Facts } from '../../../ui/facts.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { useOwnerWords } from '../../../words/owner.ts'
import type { Run } from './conversation.ts'

type Credential = NonNullable<Run['credential']>

export function HarnessCredential({ run, onStartAgain }: { run: Run; onStartAgain: React.ReactNode }) {
  return (
    <Section title="Harness credential" actions={onStartAgain}>
      <Current run={run} />
      {run.wanted.credential !== null && (
        <p className="text-sm text-soft">
          {run.wanted.credential} was asked for by name: nothing else serves this run.
        </p>
      )}
      {run.served.length > 0 && <History served={run.served} />}
    </Section>
  )
}

function Current({ run: { credential, served } }: { run: Run }) {
  if (credential !== null) return <Named credential={credential} />
  return (
    <p className="text-sm text-soft">
      {served.length === 0 ? 'Nothing yet: it is chosen when a worker begins.' : 'The login of the machine.'}
    </p>
  )
}

function Named({ credential }: { credential: Credential }) {
  const ownerWords = useOwnerWords()
  const { id, name, type, owner, suffix } = credential
  // It may be gone, or not be theirs to see.
  const { data, isError } = useRead('credentials.get', { id })
  return (
    <Facts
      facts={[
        ['Name', isError ? name : <CredentialLink key="name" id={id} name={name} />],
        [
          'Type',
          <span key="type" className="font-mono text-xs">
            {type}
          </span>,
        ],
        ['Owner', ownerWords(owner)],
        [
          'Last characters',
          suffix !== '' && (
            <span key="suffix" className="font-mono text-xs">
              …{suffix}
            </span>
          ),
        ],
        ['State', data !== undefined && <StatePill key="state" state={data.state} />],
      ]}
    />
  )
}

function CredentialLink({ id, name }: Pick<Credential, 'id' | 'name'>) {
  return (
    <Link
      to="/credentials/$id"
      params={{ id }}
      className="font-medium text-accent underline underline-offset-2"
    >
      {name}
    </Link>
  )
}

function History({ served }: Pick<Run, 'served'>) {
  return (
    <div className="grid gap-2">
      <h3 className="text-sm font-medium">History</h3>
      <ol className="grid gap-3 border-l-2 pl-3 text-sm">
        {served.map(({ lease, credential, reason, startedAt, endedAt, turns, usage }) => (
          <li key={lease} className="grid gap-0.5">
            <span className="wrap-anywhere">
              <span className="font-medium">{credential?.name ?? 'The login of the machine'}</span>{' '}
              {credential !== null && (
                <span className="font-mono text-xs text-soft">
                  {credential.type} …{credential.suffix}
                </span>
              )}
            </span>
            <span className="block text-xs text-soft wrap-anywhere first-letter:uppercase">{reason}</span>
            <span className="text-xs text-soft">
              <RelativeTime time={startedAt} />
              {endedAt === null ? ', serves now' : ', until '}
              {endedAt !== null && <RelativeTime time={endedAt} />} · {turns} {turns === 1 ? 'turn' : 'turns'}{' '}
              · {tokenWords(usage)}
            </span>
          </li>
        ))}
      </ol>
    </div>
  )
}

/** `1,200 in, 340 out`. */
export function tokenWords({ input, output }: Run['usage']): string {
  return `${input.toLocaleString('en')} in, ${output.toLocaleString('en')} out`
}
