// A table for lists of any length: only the rows in sight exist, which a <table> could not say. Arrows, Home, End and Page
// keys move, Enter opens. Where a row leads to a page it is a link. On a narrow screen the columns that say so are left out.

import { Link } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, memo, type ReactNode, useEffect, useRef, useState } from 'react'
import { Skeleton } from '../waiting.tsx'

export interface Column<Row> {
  readonly id: string
  readonly heading: string
  readonly cell: (row: Row) => ReactNode
  /** Its share of the width. */
  readonly grow: number
  /** From which width of the screen on it is there; always without it. */
  readonly from?: 'sm' | 'md' | 'lg' | 'wide'
}

/** A place of the console, as the router takes it. */
export interface PageOf {
  readonly to: string
  readonly params: Readonly<Record<string, string>>
}

/** A list that comes a page at a time. */
export interface Pages {
  readonly hasNextPage: boolean
  readonly isFetchingNextPage: boolean
  readonly fetchNextPage: () => Promise<unknown>
}

export interface TableProps<Row> {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  /** What opens a row that has no page of its own. */
  readonly onOpen?: (row: Row) => void
  /** The page of a row. */
  readonly pageOf?: (row: Row) => PageOf
  /** Where the rows come from: what follows is asked for near the end of what is there. */
  readonly pages: Pages
  /** Nothing is known yet: rows of grey. */
  readonly isPending?: boolean
  /** Pixels. */
  readonly rowHeight?: number
}

const FROM = {
  sm: 'hidden sm:flex',
  md: 'hidden md:flex',
  lg: 'hidden lg:flex',
  wide: 'hidden wide:flex',
} as const
const WAITING = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, rowKey, onOpen, pageOf, pages, isPending = false, rowHeight = 52 } = props
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (index) => rowKey(rows[index] as Row),
  })
  const { focused, onKeyDown, setFocused } = useRowKeys(props, virtual, scroller)
  const items = virtual.getVirtualItems()
  useNearEnd(items.at(-1)?.index ?? -1, props)
  return (
    <div
      role="grid"
      aria-label={label}
      aria-rowcount={pages.hasNextPage ? -1 : rows.length + 1}
      aria-busy={isPending}
      className="surface flex max-h-[max(15rem,calc(100dvh-13rem))] flex-col overflow-hidden"
    >
      <div role="rowgroup" className="border-b bg-sunken">
        <HeadingRow columns={columns} />
      </div>
      <div ref={scroller} role="rowgroup" className="min-h-0 flex-1 overflow-y-auto" onKeyDown={onKeyDown}>
        {isPending && <WaitingRows columns={columns} height={rowHeight} />}
        <div className="relative w-full" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, key, start, size }) => {
            return (
              <Line
                key={key}
                row={rows[index] as Row}
                columns={columns}
                index={index}
                start={start}
                size={size}
                isFocused={index === focused}
                onFocus={setFocused}
                onOpen={onOpen}
                pageOf={pageOf}
              />
            )
          })}
        </div>
      </div>
    </div>
  )
}

interface LineProps<Row> {
  readonly row: Row
  readonly columns: readonly Column<Row>[]
  readonly index: number
  /** Pixels from the top of the list. */
  readonly start: number
  readonly size: number
  readonly isFocused: boolean
  readonly onFocus: (index: number) => void
  readonly onOpen: ((row: Row) => void) | undefined
  readonly pageOf: ((row: Row) => PageOf) | undefined
}

// Kept as it is while others come and go.
const Line = memo(function Line<Row>(props: LineProps<Row>) {
  const { row, columns, index, start, size, isFocused, onFocus, onOpen, pageOf } = props
  const isOpened = onOpen !== undefined || pageOf !== undefined
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      tabIndex={isFocused ? 0 : -1}
      onFocus={() => onFocus(index)}
      onClick={() => onOpen?.(row)}
      style={{ height: size, transform: `translateY(${start}px)` }}
      className={`absolute inset-x-0 flex items-center gap-3 border-b px-4 text-sm -outline-offset-2 ${isOpened ? 'cursor-pointer hover:bg-sunken' : ''}`}
    >
      {columns.map((column, place) => (
        <Cell key={column.id} column={column}>
          {place === 0 && pageOf !== undefined ? (
            <RowLink page={pageOf(row)}>{column.cell(row)}</RowLink>
          ) : (
            column.cell(row)
          )}
        </Cell>
      ))}
    </div>
  )
}) as <Row>(props: LineProps<Row>) => ReactNode

// All of the row is the link: it can be opened in another tab, and its address copied. Keys find the row.
function RowLink({ page: { to, params }, children }: { page: PageOf; children: ReactNode }) {
  return (
    <Link
      to={to}
      params={params as object}
      tabIndex={-1}
      className="flex min-w-0 flex-1 outline-none after:absolute after:inset-0"
    >
      {children}
    </Link>
  )
}

function HeadingRow<Row>({ columns }: { columns: readonly Column<Row>[] }) {
  return (
    <div role="row" aria-rowindex={1} tabIndex={-1} className="flex items-center gap-3 px-4 py-2">
      {columns.map(({ id, heading, grow, from }) => (
        <div
          key={id}
          role="columnheader"
          tabIndex={-1}
          style={{ flex: `${grow} 1 0` }}
          className={`min-w-0 text-xs font-medium text-soft ${from === undefined ? 'flex' : FROM[from]}`}
        >
          {heading}
        </div>
      ))}
    </div>
  )
}

function Cell<Row>({ column: { grow, from }, children }: { column: Column<Row>; children: ReactNode }) {
  return (
    <div
      role="gridcell"
      tabIndex={-1}
      style={{ flex: `${grow} 1 0` }}
      className={`min-w-0 items-center gap-2 ${from === undefined ? 'flex' : FROM[from]}`}
    >
      {children}
    </div>
  )
}

function WaitingRows<Row>({ columns, height }: { columns: readonly Column<Row>[]; height: number }) {
  return WAITING.map((one) => (
    <div key={one} aria-hidden="true" className="flex items-center gap-3 border-b px-4" style={{ height }}>
      {columns.map((column) => (
        <div
          key={column.id}
          style={{ flex: `${column.grow} 1 0` }}
          className={`min-w-0 ${column.from === undefined ? 'flex' : FROM[column.from]}`}
        >
          <Skeleton className="h-4 w-3/4" />
        </div>
      ))}
    </div>
  ))
}

type Virtual = ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>

// One row is in the order of Tab; keys move it.
function useRowKeys<Row>(
  { rows, onOpen, rowHeight = 52 }: TableProps<Row>,
  virtual: Virtual,
  scroller: { readonly current: HTMLDivElement | null },
) {
  const [focused, setFocused] = useState(0)
  const last = rows.length - 1
  const go = (index: number) => {
    const target = Math.max(0, Math.min(last, index))
    setFocused(target)
    virtual.scrollToIndex(target)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${target}"]`)?.focus(),
    )
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const { target: on } = event
    if (!(on instanceof HTMLElement) || !(on.role === 'row' || on.parentElement?.role === 'gridcell')) return
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1)
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: focused + 1,
      ArrowUp: focused - 1,
      PageDown: focused + page,
      PageUp: focused - page,
      Home: 0,
      End: last,
    }
    const target = moves[event.key]
    const row = rows[focused]
    if (target !== undefined) go(target)
    else if (event.key !== 'Enter' || row === undefined || on.role !== 'row') return
    else if (onOpen !== undefined) onOpen(row)
    else on.querySelector('a')?.click()
    event.preventDefault()
  }
  return { focused: Math.min(focused, Math.max(0, last)), setFocused, onKeyDown }
}

function useNearEnd<Row>(lastInSight: number, { rows, pages }: TableProps<Row>): void {
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages
  const isWanted = hasNextPage && !isFetchingNextPage && lastInSight >= rows.length - 30
  useEffect(() => {
    if (isWanted) void fetchNextPage()
  }, [isWanted, fetchNextPage])
}
