// The order in which an owner's credentials of a harness are tried, moved one place at a time.

import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { StatePill } from '../../../ui/badge.tsx'
import { Button, IconButton } from '../../../ui/button.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { harnessTitle } from '../../../words/harness.ts'

type Credential = Output<'credentials.list'>['credentials'][number]

export interface OrderProps {
  readonly owner: string
  readonly harness: 'claude' | 'codex'
  readonly label: string
}

export function Order({ owner, harness, label }: OrderProps) {
  const found = useRead('credentials.list', { owner, harness, limit: 1000 })
  const types = useRead('credentialTypes.list', {}).data?.types.map(({ type }) => type) ?? []
  const change = useChange('credentials.setOrder')
  const [said, setSaid] = useState('')
  if (found.isPending) return <SkeletonLines lines={3} />
  const ordered = inOrder(found.data?.credentials ?? [], types)
  const isSet = ordered.some(({ position }) => typeof position === 'number')
  const mayChange = ordered.length > 1 && ordered.every(({ may }) => may.manage)
  const store = (credentials: string[]) => change.mutate({ owner, harness, credentials })
  const move = (from: number, by: 1 | -1) => {
    const ids = ordered.map(({ id }) => id)
    const [moved] = ids.splice(from, 1)
    if (moved === undefined) return
    ids.splice(from + by, 0, moved)
    store(ids)
    setSaid(`${ordered[from]?.name} is number ${from + by + 1} now.`)
  }
  return (
    <div className="grid content-start gap-2">
      <div className="flex min-h-10 flex-wrap items-center justify-between gap-2">
        <h3 className="text-sm font-semibold">{harnessTitle(harness)}</h3>
        {isSet && mayChange && (
          <Button kind="quiet" onClick={() => store([])} disabled={change.isPending}>
            Order by type
          </Button>
        )}
      </div>
      <Notice error={found.error ?? change.error} />
      {ordered.length === 0 && <p className="text-sm text-soft">There is none.</p>}
      {ordered.length > 0 && (
        <Credentials
          ordered={ordered}
          label={label}
          busy={change.isPending}
          onMove={mayChange ? move : undefined}
        />
      )}
      <span role="status" className="sr-only">
        {change.isSuccess ? said : ''}
      </span>
    </div>
  )
}

// As resolution does: those that were put in an order, then by the order of types, then by name.
function inOrder(credentials: readonly Credential[], types: readonly string[]): readonly Credential[] {
  const place = ({ position }: Credential) => position ?? Number.MAX_SAFE_INTEGER
  return credentials.toSorted(
    (a, b) =>
      place(a) - place(b) || types.indexOf(a.type) - types.indexOf(b.type) || (a.name < b.name ? -1 : 1),
  )
}

interface CredentialsProps {
  readonly ordered: readonly Credential[]
  readonly label: string
  readonly busy: boolean
  readonly onMove: ((from: number, by: 1 | -1) => void) | undefined
}

function Credentials({ ordered, label, busy, onMove }: CredentialsProps) {
  return (
    <ol aria-label={label} className="divide-y rounded-lg border">
      {ordered.map((credential, place) => (
        <li key={credential.id} className="flex items-center gap-3 px-3 py-2 text-sm">
          <span className="font-mono text-soft">{place + 1}</span>
          <What credential={credential} />
          {onMove !== undefined && (
            <Movers
              name={credential.name}
              isFirst={place === 0}
              isLast={place === ordered.length - 1}
              busy={busy}
              onMove={(by) => onMove(place, by)}
            />
          )}
        </li>
      ))}
    </ol>
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

interface MoversProps {
  readonly name: string
  readonly isFirst: boolean
  readonly isLast: boolean
  readonly busy: boolean
  readonly onMove: (by: 1 | -1) => void
}

// A button that was pressed keeps the focus, wherever its row has gone; at an end the other one takes it.
function Movers({ name, isFirst, isLast, busy, onMove }: MoversProps) {
  const group = useRef<HTMLSpanElement>(null)
  const pressed = useRef<string | null>(null)
  useEffect(() => {
    if (busy || pressed.current === null) return
    const own = group.current?.querySelector<HTMLButtonElement>(`[data-move="${pressed.current}"]`)
    const usable = own?.disabled === false ? own : group.current?.querySelector('button:not(:disabled)')
    if (usable instanceof HTMLElement) usable.focus()
    pressed.current = null
  }, [busy])
  const press = (way: 'up' | 'down') => {
    pressed.current = way
    onMove(way === 'up' ? -1 : 1)
  }
  return (
    <span ref={group} className="flex">
      <IconButton
        label={`Move ${name} up`}
        icon="up"
        data-move="up"
        disabled={isFirst || busy}
        onClick={() => press('up')}
      />
      <IconButton
        label={`Move ${name} down`}
        icon="down"
        data-move="down"
        disabled={isLast || busy}
        onClick={() => press('down')}
      />
    </span>
  )
}
