// The runs one may read: what each is about, whose it is, how it does and what serves it.

import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { Output } from '../../../../src/api/schemas.ts'
import { useSession } from '../../api/people.ts'
import { usePages } from '../../api/queries.ts'
import { StatePill, stateWords } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { FilterBar } from '../../ui/lists/filter-bar.tsx'
import { type Column, Table } from '../../ui/lists/table.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { EmptyState } from '../../ui/waiting.tsx'
import { harnessTitle } from '../../words/harness.ts'
import { mayBeginRuns } from '../../words/roles.ts'
import { RUN_HARNESSES, RUN_STATE_CHOICES, type RunFilters, runFiltersIn } from './filters.ts'
import { StartDialog } from './start/start-dialog.tsx'

type Run = Output<'runs.list'>['runs'][number]

const route = getRouteApi('/app/runs')

const PAGE = 100

export function RunsPage() {
  const { start, ...filters } = runFiltersIn({ ...route.useSearch() })
  const navigate = useNavigate()
  const found = usePages('runs.list', { ...filters, limit: PAGE })
  const rows = found.data?.pages.flatMap(({ runs }) => runs) ?? []
  const isEmpty = found.isSuccess && rows.length === 0
  const show = (search: RunFilters) => void navigate({ to: '/runs', search, replace: true })
  const mayStart = useMayStart()
  const begin = mayStart && (
    <Button kind="primary" icon="plus" onClick={() => show({ ...filters, start: 'yes' })}>
      Start a run
    </Button>
  )
  return (
    <Page title="Runs" lead="Conversations with coding agents, newest first." actions={!isEmpty && begin}>
      <Narrowing filters={filters} onChoose={show} />
      <Notice error={found.error} retry={() => void found.refetch()} />
      {isEmpty && <Nothing isFiltered={Object.keys(filters).length > 0} action={begin} />}
      {!isEmpty && !found.isError && (
        <Table
          label="Runs"
          columns={COLUMNS}
          rows={rows}
          rowKey={({ id }) => id}
          pageOf={pageOf}
          isPending={found.isPending}
          pages={found}
        />
      )}
      {start === 'yes' && mayStart && <StartDialog onClose={() => show(filters)} />}
    </Page>
  )
}

function pageOf({ id }: Run) {
  return { to: '/runs/$id', params: { id } }
}

function useMayStart(): boolean {
  return mayBeginRuns(useSession().person.role)
}

const COLUMNS: readonly Column<Run>[] = [
  { id: 'title', heading: 'Run', grow: 4, cell: (run) => <Title run={run} /> },
  { id: 'state', heading: 'State', grow: 2, cell: ({ state }) => <StatePill state={state} /> },
  {
    id: 'harness',
    heading: 'Harness',
    grow: 1.5,
    from: 'md',
    cell: ({ harness }) => harnessTitle(harness),
  },
  {
    id: 'credential',
    heading: 'Credential',
    grow: 2,
    from: 'lg',
    cell: ({ credential }) => <Credential credential={credential} />,
  },
  {
    id: 'since',
    heading: 'Since',
    grow: 1.5,
    from: 'sm',
    cell: ({ since }) => <RelativeTime time={since} />,
  },
]

// Below it is what has no column of its own on a narrow screen.
function Title({ run: { id, title, for: whose, team, reason, harness, credential } }: { run: Run }) {
  return (
    <span className="grid min-w-0">
      <span className="truncate font-medium">{title === '' ? id : title}</span>
      <span className="truncate text-xs text-soft">
        <span className="md:hidden">{harnessTitle(harness)}, </span>
        {credential !== null && <span className="lg:hidden">{credential.name}, </span>}
        {whose.name}
        {team !== null && `, team ${team}`}
        {reason !== '' && `: ${reason}`}
      </span>
    </span>
  )
}

function Credential({ credential }: Pick<Run, 'credential'>) {
  if (credential === null) return <span className="text-soft">–</span>
  return (
    <span className="grid min-w-0">
      <span className="truncate">{credential.name}</span>
      <span className="truncate font-mono text-xs text-soft">{credential.type}</span>
    </span>
  )
}

interface NarrowingProps {
  readonly filters: RunFilters
  readonly onChoose: (filters: RunFilters) => void
}

function Narrowing({ filters, onChoose }: NarrowingProps) {
  const choose = (changed: Record<string, string>) => onChoose(runFiltersIn({ ...filters, ...changed }))
  return (
    <FilterBar
      filters={[
        {
          ...{ label: 'State', chosen: filters.state, choices: STATES },
          onChoose: (state) => choose({ state }),
        },
        {
          ...{ label: 'Harness', chosen: filters.harness, choices: HARNESSES },
          onChoose: (harness) => choose({ harness }),
        },
      ]}
      onClear={Object.keys(filters).length === 0 ? null : () => onChoose({})}
    >
      <div className="flex min-h-10 items-center">
        <Checkbox
          label="Only mine"
          checked={filters.mine === 'true'}
          onChange={({ target }) => choose({ mine: String(target.checked) })}
        />
      </div>
    </FilterBar>
  )
}

const STATES = RUN_STATE_CHOICES.map((value) => ({ value, label: stateWords(value) }))
const HARNESSES = RUN_HARNESSES.map((value) => ({ value, label: harnessTitle(value) }))

function Nothing({ isFiltered, action }: { isFiltered: boolean; action: React.ReactNode }) {
  if (isFiltered) return <EmptyState icon="search" title="No run is like that" />
  return (
    <EmptyState icon="runs" title="There are no runs yet" action={action}>
      <p>
        A run is one conversation with a coding agent. It outlives its credential, its process and its
        machine's naps.
      </p>
    </EmptyState>
  )
}
