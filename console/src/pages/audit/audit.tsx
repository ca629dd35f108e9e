// Who did what, newest first: looked through, taken away as a file, and checked.

import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { addressOf } from '../../api/client.ts'
import { useSession } from '../../api/people.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { type Column, Table } from '../../ui/lists/table.tsx'
import { Callout, Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { EmptyState } from '../../ui/waiting.tsx'
import { mayReadAudit, NO_AUDIT } from '../../words/roles.ts'
import { EntryDialog } from './entry.tsx'
import { useLog } from './log.ts'
import { type AuditEntry, inputOf, type Search, searchIn } from './search.ts'
import { SearchBar } from './search-bar.tsx'
import { Verify } from './verify.tsx'
import { Warnings } from './warnings.tsx'

const route = getRouteApi('/app/audit')

export function AuditPage() {
  // Whom the server would refuse is not made to ask: each refusal is an entry of the log.
  if (!mayReadAudit(useSession().person.role)) return <NotForThem />
  return <Log />
}

function NotForThem() {
  return (
    <Page title="Audit">
      <div role="alert">
        <Callout tone="bad">
          <p className="font-medium">{NO_AUDIT.message}</p>
          <p>{NO_AUDIT.hint}</p>
        </Callout>
      </div>
    </Page>
  )
}

function Log() {
  const search = searchIn({ ...route.useSearch() })
  const [opened, setOpened] = useState<AuditEntry | null>(null)
  const { found, rows, isEmpty, hasNewer, readNewer } = useLog(search)
  return (
    <Page
      title="Audit"
      lead="Who did what to what, newest first. Values are never in it."
      actions={<Exports search={search} />}
    >
      <Warnings />
      <SearchBar search={search} />
      <Verify />
      <Notice error={found.error} retry={() => void found.refetch()} />
      {hasNewer && (
        <div>
          <Button icon="cycle" onClick={readNewer}>
            Show newer entries
          </Button>
        </div>
      )}
      {isEmpty && <EmptyState icon="search" title="Nothing in the log is like that" />}
      {!isEmpty && !found.isError && (
        <Table
          label="Audit log"
          columns={COLUMNS}
          rows={rows}
          rowKey={({ id }) => id}
          onOpen={setOpened}
          isPending={rows.length === 0}
          pages={found}
        />
      )}
      <EntryDialog entry={opened} onClose={() => setOpened(null)} />
    </Page>
  )
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { id: 'at', heading: 'When', grow: 1.4, cell: ({ at }) => <RelativeTime time={at} /> },
  { id: 'actor', heading: 'Who', grow: 2, from: 'sm', cell: ({ actor }) => <Word text={actor.name} /> },
  {
    id: 'action',
    heading: 'What',
    grow: 2,
    cell: (entry) => <What entry={entry} />,
  },
  {
    id: 'object',
    heading: 'To what',
    grow: 2,
    from: 'md',
    cell: ({ object }) => <Word text={object.name} />,
  },
  { id: 'outcome', heading: 'Outcome', grow: 1.7, cell: ({ outcome }) => <Outcome outcome={outcome} /> },
]

// Below it is what has no column of its own on a narrow screen.
function What({ entry: { action, actor, object } }: { entry: AuditEntry }) {
  return (
    <span className="grid min-w-0">
      <span className="truncate font-mono text-xs">{action}</span>
      <span className="truncate text-xs text-soft sm:hidden">{actor.name}</span>
      <span className="truncate text-xs text-soft md:hidden">to {object.name}</span>
    </span>
  )
}

function Word({ text }: { text: string }) {
  return <span className="truncate">{text}</span>
}

function Outcome({ outcome }: Pick<AuditEntry, 'outcome'>) {
  return outcome === 'allowed' ? (
    <Badge tone="good" icon="check">
      allowed
    </Badge>
  ) : (
    <Badge tone="bad" icon="stop">
      refused
    </Badge>
  )
}

// The browser fetches the file itself: a log of any length is never in the page.
function Exports({ search }: { search: Search }) {
  const href = (format: string) => addressOf('audit.export', { ...inputOf(search), format })
  const isWhole = Object.keys(search).length === 0
  const look =
    'inline-flex min-h-10 items-center rounded-lg border border-edge bg-raised px-3.5 py-1.5 text-sm font-medium hover:bg-sunken'
  return (
    <>
      <a href={href('csv')} download="audit.csv" className={look}>
        Export as CSV
      </a>
      <a href={href('jsonl')} download="audit-entries.jsonl" className={look}>
        Export as JSON lines
      </a>
      {isWhole && (
        <a href={href('signed')} download="audit.jsonl" className={look}>
          Export signed
        </a>
      )}
    </>
  )
}
