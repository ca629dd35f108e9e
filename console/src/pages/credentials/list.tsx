// Every credential one may know of: what it is, whose, and how it does.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useEffectEvent, useState } from 'react'
import type { Output } from '../../../../src/api/schemas.ts'
import { useSession } from '../../api/people.ts'
import { usePages } from '../../api/queries.ts'
import { StatePill, stateWords } from '../../ui/badge.tsx'
import { ButtonLink } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { FilterBar } from '../../ui/lists/filter-bar.tsx'
import { type Column, Table } from '../../ui/lists/table.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { EmptyState } from '../../ui/waiting.tsx'
import { harnessTitle } from '../../words/harness.ts'
import { useOwnerChoices, useOwnerWords } from '../../words/owner.ts'
import { mayBeginRuns } from '../../words/roles.ts'
import { type Filters, filtersIn, HARNESS_CHOICES, STATE_CHOICES } from './filters.ts'

type Row = Output<'credentials.list'>['credentials'][number]

const PAGE = 200

export function CredentialsPage() {
  // The router hands on what is none of them, too. Adding one has an address of its own, with this page behind it.
  const filters = filtersIn({ ...useSearch({ strict: false }) })
  const columns = useColumns()
  const found = usePages('credentials.list', { ...filters, limit: PAGE })
  const rows = found.data?.pages.flatMap(({ credentials }) => credentials) ?? []
  const isEmpty = found.isSuccess && rows.length === 0
  return (
    <Page
      title="Credentials"
      lead="What agents work with. Values are never shown, to anybody."
      actions={<AddLink />}
    >
      <Narrowing filters={filters} />
      <Notice error={found.error} retry={() => void found.refetch()} />
      {isEmpty && <Nothing isFiltered={Object.keys(filters).length > 0} />}
      {!isEmpty && !found.isError && (
        <Table
          label="Credentials"
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          pageOf={pageOf}
          isPending={found.isPending}
          pages={found}
        />
      )}
      <Others others={found.data?.pages[0]?.others ?? []} />
    </Page>
  )
}

function pageOf({ id }: Row) {
  return { to: '/credentials/$id', params: { id } }
}

function useColumns(): readonly Column<Row>[] {
  const ownerWords = useOwnerWords()
  return [
    {
      id: 'name',
      heading: 'Name',
      grow: 3,
      cell: (one) => <Name credential={one} ownerWords={ownerWords} />,
    },
    { id: 'type', heading: 'Type', grow: 2.5, from: 'md', cell: ({ type }) => <Mono>{type}</Mono> },
    {
      id: 'owner',
      heading: 'Owner',
      grow: 2,
      from: 'sm',
      cell: ({ owner }) => <span className="truncate">{ownerWords(owner)}</span>,
    },
    { id: 'state', heading: 'State', grow: 1.8, cell: ({ state }) => <StatePill state={state} /> },
    ...USE_COLUMNS,
  ]
}

// What a member is not told of the organization's stays empty; a dash is for what is not.
const USE_COLUMNS: readonly Column<Row>[] = [
  {
    id: 'account',
    heading: 'Account',
    grow: 1.7,
    from: 'wide',
    cell: ({ account }) => (
      <span className="truncate text-xs">{account === undefined ? '' : (account?.email ?? '–')}</span>
    ),
  },
  {
    id: 'used',
    heading: 'Last used',
    grow: 1.7,
    from: 'lg',
    cell: ({ lastUsedAt }) => lastUsedAt !== undefined && <RelativeTime time={lastUsedAt} />,
  },
  {
    id: 'ends',
    heading: 'Ends',
    grow: 2.1,
    from: 'lg',
    cell: (one) => one.endsAt !== undefined && <Ends credential={one} />,
  },
  {
    id: 'users',
    heading: 'Used by',
    grow: 1.4,
    from: 'lg',
    cell: ({ usedBy }) =>
      usedBy !== undefined && <span className="truncate text-xs">{usersWords(usedBy)}</span>,
  },
]

function Ends({ credential: { endsAt, endsEstimated } }: { credential: Row }) {
  return (
    <span className="truncate">
      {endsEstimated === true && endsAt !== null && '≈ '}
      <RelativeTime time={endsAt} />
    </span>
  )
}

function usersWords(usedBy: Row['usedBy']): string {
  const words = [
    some(usedBy?.runs, 'run'),
    some(usedBy?.agents, 'agent'),
    // A lease that serves a run is told by its run.
    some(Math.max(0, (usedBy?.leases ?? 0) - (usedBy?.runs ?? 0)), 'lease'),
  ].filter((word) => word !== '')
  return words.length === 0 ? '–' : words.join(', ')
}

function some(count: number | undefined, what: string): string {
  if (count === undefined || count === 0) return ''
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function AddLink() {
  // It would serve nothing of theirs.
  if (!mayBeginRuns(useSession().person.role)) return null
  return (
    <ButtonLink to="/credentials/new" kind="primary" icon="plus">
      Add a credential
    </ButtonLink>
  )
}

interface NameProps {
  readonly credential: Row
  readonly ownerWords: (owner: string) => string
}

// Below it is what has no column of its own on a narrow screen.
function Name({ credential: { name, suffix, description = '', type, owner }, ownerWords }: NameProps) {
  return (
    <span className="grid min-w-0">
      <span className="flex min-w-0 items-baseline gap-2">
        <span className="truncate font-medium">{name}</span>
        {suffix !== undefined && suffix !== '' && (
          <span className="font-mono text-xs whitespace-nowrap text-soft">…{suffix}</span>
        )}
      </span>
      <span className="truncate text-xs text-soft">
        <span className="md:hidden">
          <span className="font-mono">{type}</span>
          <span className="sm:hidden">, {ownerWords(owner)}</span>
          {description !== '' && ': '}
        </span>
        {description}
      </span>
    </span>
  )
}

function Mono({ children }: { children: string }) {
  return <span className="truncate font-mono text-xs">{children}</span>
}

function Narrowing({ filters }: { filters: Filters }) {
  const navigate = useNavigate()
  const owners = useOwnerChoices()
  const clear = () => {
    setTyped('')
    choose({ harness: '', owner: '', state: '', search: '' })
  }
  const choose = (changed: Record<string, string>) =>
    void navigate({ to: '/credentials', search: filtersIn({ ...filters, ...changed }), replace: true })
  const [typed, setTyped] = useTyped(filters.search ?? '', (search) => choose({ search }))
  return (
    <FilterBar
      first={<Find typed={typed} onChange={setTyped} />}
      filters={[
        {
          ...{ label: 'Harness', chosen: filters.harness, choices: HARNESSES },
          onChoose: (harness) => choose({ harness }),
        },
        {
          ...{ label: 'Owner', any: 'Anyone', chosen: filters.owner, choices: owners },
          onChoose: (owner) => choose({ owner }),
        },
        {
          ...{ label: 'State', chosen: filters.state, choices: STATES },
          onChoose: (state) => choose({ state }),
        },
      ]}
      onClear={Object.keys(filters).length === 0 ? null : clear}
    />
  )
}

const STATES = STATE_CHOICES.map((value) => ({ value, label: stateWords(value) }))
const HARNESSES = HARNESS_CHOICES.map((value) => ({ value, label: harnessTitle(value) }))

// Milliseconds that somebody takes between two letters.
const PAUSE = 250

// What is typed is looked for when somebody pauses.
function useTyped(text: string, onChange: (text: string) => void) {
  const [typed, setTyped] = useState(text)
  const change = useEffectEvent(() => {
    if (typed.trim() !== text) onChange(typed.trim())
  })
  useEffect(() => {
    const timer = setTimeout(change, typed === '' ? 0 : PAUSE)
    return () => clearTimeout(timer)
  }, [typed])
  return [typed, setTyped] as const
}

function Find({ typed, onChange }: { typed: string; onChange: (typed: string) => void }) {
  return (
    <TextField
      label="Find"
      type="search"
      placeholder="Name or description"
      maxLength={100}
      value={typed}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <EmptyState icon="search" title="No credential is like that" />
  return (
    <EmptyState icon="key" title="There are no credentials yet" action={<AddLink />}>
      <p>An agent works with an API key, a sign-in or a cloud credential. Add one, and runs can begin.</p>
    </EmptyState>
  )
}

// Beside the table, not in it: nothing else is known of them.
function Others({ others }: { others: readonly { owner: string; count: number }[] }) {
  const ownerWords = useOwnerWords()
  if (others.length === 0) return null
  return (
    <ul className="text-sm text-soft">
      {others.map(({ owner, count }) => (
        <li key={owner}>
          and {count} personal {count === 1 ? 'credential' : 'credentials'} of {ownerWords(owner)}
        </li>
      ))}
    </ul>
  )
}
