// All that the log says of one entry.

import { Link } from '@tanstack/react-router'
import { Dialog } from '../../ui/dialog.tsx'
import { Facts } from '../../ui/facts.tsx'
import { exactWords } from '../../ui/time.tsx'
import type { AuditEntry } from './search.ts'

export interface EntryDialogProps {
  /** Null: it is closed. */
  readonly entry: AuditEntry | null
  readonly onClose: () => void
}

export function EntryDialog({ entry, onClose }: EntryDialogProps) {
  return (
    <Dialog open={entry !== null} onClose={onClose} title={entry?.action ?? ''} wide>
      {entry !== null && <Entry entry={entry} />}
    </Dialog>
  )
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { actor, object, details } = entry
  return (
    <>
      <Facts
        facts={[
          ['When', exactWords(entry.at)],
          ['Who', `${actor.name} (${actor.kind})`],
          ['To what', <Thing key="object" object={object} />],
          ['Outcome', entry.outcome],
          ['Place in the log', String(entry.position)],
          ['Request', <Mono key="request" text={entry.requestId} />],
          ['Ids', <Mono key="ids" text={`${actor.id} → ${object.id}`} />],
          ['Hash', <Mono key="hash" text={entry.hash} />],
        ]}
      />
      <h3 className="text-sm font-semibold">Details</h3>
      {Object.keys(details).length === 0 ? (
        <p className="text-sm text-soft">There are none.</p>
      ) : (
        <Facts facts={Object.entries(details).map(([name, value]) => [name, String(value)])} />
      )}
    </>
  )
}

// What can be gone to is a link, whether it is still there or not.
function Thing({ object: { kind, id, name } }: Pick<AuditEntry, 'object'>) {
  const look = 'text-accent underline underline-offset-2'
  if (kind === 'run')
    return (
      <Link to="/runs/$id" params={{ id }} className={look}>
        Run {name}
      </Link>
    )
  if (kind === 'credential')
    return (
      <Link to="/credentials/$id" params={{ id }} className={look}>
        {name} (credential)
      </Link>
    )
  return `${name} (${kind})`
}

function Mono({ text }: { text: string }) {
  return <span className="font-mono text-xs">{text}</span>
}
