// The order in which an owner's credentials of a harness are tried: one by one, or all of a type together.

import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange, usePages } from '../../../api/queries.ts'
import { StatePill } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Sortable } from '../../../ui/lists/sortable.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { harnessTitle } from '../../../words/harness.ts'
import { useTypeWords } from '../../../words/types.ts'
import { More } from '../parts/more.tsx'
import { AddHere, type AddHereProps } from './add-here.tsx'

type Credential = Output<'credentials.list'>['credentials'][number]

export interface OrderProps extends AddHereProps {
  readonly mayAdd: boolean
}

const PAGE = 50
// The API keeps no longer order.
const ORDERED_AT_MOST = 1000

export function Order({ owner, harness, label, mayAdd }: OrderProps) {
  const { found, kept } = useTried(owner, harness)
  const typeWords = useTypeWords()
  const change = useChange('credentials.setOrder')
  const [said, setSaid] = useState('')
  if (found.isPending) return <SkeletonLines lines={3} />
  const isSet = kept.some(isPlaced)
  const mayChange = kept.length > 1 && kept.every(({ may }) => may.manage)
  // While it is being kept it stands where it was put.
  const ordered = change.isPending ? asAsked(kept, change.variables.credentials) : kept
  const store = (credentials: readonly Credential[], words: string) => {
    change.mutate({ owner, harness, credentials: credentials.map(({ id }) => id) })
    setSaid(words)
  }
  const move = (from: number, to: number) => {
    const all = moved(ordered, from, to)
    // Of a list that goes on only its beginning is an order: the rest stays behind it as it is tried anyway.
    const goesOn = found.hasNextPage || all.length > ORDERED_AT_MOST
    const end = Math.max(ordered.findLastIndex(isPlaced) + 1, to) + 1
    store(goesOn ? all.slice(0, end) : all, `${ordered[from]?.name} is number ${to + 1} now.`)
  }
  return (
    <div className="grid content-start gap-2">
      <div className="flex min-h-10 flex-wrap items-center justify-between gap-2">
        <h3 className="text-sm font-semibold">{harnessTitle(harness)}</h3>
        <div className="flex flex-wrap gap-2">
          {isSet && mayChange && (
            <Button
              kind="quiet"
              onClick={() => store([], 'The order is that of the types now.')}
              disabled={change.isPending}
            >
              Order by type
            </Button>
          )}
          {mayAdd && <AddHere owner={owner} harness={harness} label={label} />}
        </div>
      </div>
      <Notice error={found.error ?? change.error} />
      {mayChange && !found.hasNextPage && kept.length <= ORDERED_AT_MOST && (
        <Types
          ordered={ordered}
          label={`Types of ${label}`}
          busy={change.isPending}
          onOrder={(moved, type, place) =>
            store(moved, `All of ${typeWords(type)} are number ${place + 1} of the types now.`)
          }
        />
      )}
      {ordered.length === 0 && <p className="text-sm text-soft">There is none.</p>}
      {ordered.length > 0 && (
        <Sortable
          label={label}
          things={ordered}
          idOf={({ id }) => id}
          nameOf={({ name }) => name}
          line={(credential) => <What credential={credential} />}
          busy={change.isPending}
          onMove={mayChange ? move : undefined}
        />
      )}
      <More pages={found} what="credentials" />
      <span role="status" className="sr-only">
        {change.isSuccess ? said : ''}
      </span>
    </div>
  )
}

// Page by page; all that were put in an order are there before anything can be moved.
function useTried(owner: string, harness: OrderProps['harness']) {
  const found = usePages('credentials.list', { owner, harness, order: 'tried', limit: PAGE })
  const kept = found.data?.pages.flatMap(({ credentials }) => credentials) ?? []
  const last = kept.at(-1)
  const isCut = found.hasNextPage && last !== undefined && isPlaced(last)
  const { isFetching, fetchNextPage } = found
  useEffect(() => {
    if (isCut && !isFetching) void fetchNextPage()
  }, [isCut, isFetching, fetchNextPage])
  return { found, kept }
}

function isPlaced({ position }: Credential): boolean {
  return typeof position === 'number'
}

// Nothing asked for: the order of types is not known before the answer.
function asAsked(credentials: readonly Credential[], ids: readonly string[]): readonly Credential[] {
  if (ids.length === 0) return credentials
  return credentials.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
}

function moved<One>(things: readonly One[], from: number, to: number): readonly One[] {
  const one = things[from]
  return one === undefined ? things : things.toSpliced(from, 1).toSpliced(to, 0, one)
}

interface TypesProps {
  readonly ordered: readonly Credential[]
  readonly label: string
  readonly busy: boolean
  readonly onOrder: (credentials: readonly Credential[], type: string, place: number) => void
}

// A type goes with all that are of it. There is nothing to choose where there is one.
function Types({ ordered, label, busy, onOrder }: TypesProps) {
  const typeWords = useTypeWords()
  const types = [...new Set(ordered.map(({ type }) => type))]
  if (types.length < 2) return null
  const byTypes = (order: readonly string[]) =>
    order.flatMap((type) => ordered.filter((credential) => credential.type === type))
  return (
    <details className="text-sm">
      <summary className="min-h-6 cursor-pointer py-1 text-soft">Order whole types</summary>
      <Sortable
        label={label}
        things={types}
        idOf={(type) => type}
        nameOf={typeWords}
        line={(type) => <span className="min-w-0 flex-1 truncate">{typeWords(type)}</span>}
        busy={busy}
        onMove={(from, to) => onOrder(byTypes(moved(types, from, to)), types[from] ?? '', to)}
      />
    </details>
  )
}

function What({ credential: { id, name, type, suffix, state, version } }: { credential: Credential }) {
  // Of one of which only name and type are seen the state is nobody's business here.
  const isWhole = version !== undefined
  return (
    <span className="grid min-w-0 flex-1 gap-0.5">
      <span className="flex min-w-0 flex-wrap items-center gap-2">
        {isWhole ? (
          <Link
            to="/credentials/$id"
            params={{ id }}
            className="truncate font-medium text-accent underline underline-offset-2"
          >
            {name}
          </Link>
        ) : (
          <span className="truncate font-medium">{name}</span>
        )}
        {isWhole && <StatePill state={state} />}
      </span>
      <span className="truncate font-mono text-xs text-soft">
        {type}
        {suffix !== undefined && suffix !== '' && ` …${suffix}`}
      </span>
    </span>
  )
}
