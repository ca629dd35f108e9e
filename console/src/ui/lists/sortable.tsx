// A list whose order people choose: a thing is dragged by its handle, with a finger, a mouse or keys, or moved one place by
// buttons. What happens is said aloud.

import {
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core'
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable'
import { type ReactNode, useEffect, useRef } from 'react'
import { IconButton } from '../button.tsx'

export interface SortableProps<One> {
  readonly label: string
  readonly things: readonly One[]
  readonly idOf: (one: One) => string
  readonly nameOf: (one: One) => string
  readonly line: (one: One) => ReactNode
  /** A move is under way: there is no other meanwhile. */
  readonly busy: boolean
  /** Without it the order is only shown. */
  readonly onMove: ((from: number, to: number) => void) | undefined
}

// Pixels before a press becomes a drag.
const SLACK = 4

const INSTRUCTIONS = 'Press space to take it up, arrows to move it, space to put it down, escape to leave it.'

export function Sortable<One>(props: SortableProps<One>) {
  const { things, idOf, onMove } = props
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: SLACK } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  )
  if (onMove === undefined) return <Lines {...props} />
  const ids = things.map(idOf)
  const drop = ({ active, over }: DragEndEvent) => {
    const [from, to] = [ids.indexOf(String(active.id)), ids.indexOf(String(over?.id))]
    if (from !== -1 && to !== -1 && from !== to) onMove(from, to)
  }
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      modifiers={[({ transform }) => ({ ...transform, x: 0 })]}
      accessibility={{
        announcements: announcementsOf(props),
        screenReaderInstructions: { draggable: INSTRUCTIONS },
      }}
      onDragEnd={drop}
    >
      <SortableContext items={ids} strategy={verticalListSortingStrategy}>
        <Lines {...props} />
      </SortableContext>
    </DndContext>
  )
}

// Where it was put is said by whoever keeps the order, when it is kept.
function announcementsOf<One>({ things, idOf, nameOf }: SortableProps<One>): Announcements {
  const nameAt = (id: unknown) => {
    const found = things.find((one) => idOf(one) === id)
    return found === undefined ? 'It' : nameOf(found)
  }
  const placeAt = (id: unknown) =>
    `number ${things.findIndex((one) => idOf(one) === id) + 1} of ${things.length}`
  return {
    // It is over its own place at once.
    onDragStart: () => undefined,
    onDragOver: ({ active, over }) =>
      over === null ? undefined : `${nameAt(active.id)} is held as ${placeAt(over.id)}.`,
    onDragEnd: () => undefined,
    onDragCancel: ({ active }) => `${nameAt(active.id)} stays ${placeAt(active.id)}.`,
  }
}

function Lines<One>(props: SortableProps<One>) {
  const { label, things, idOf, line, busy, onMove } = props
  return (
    <ol aria-label={label} aria-busy={busy} className="divide-y rounded-lg border">
      {things.map((one, place) =>
        onMove === undefined ? (
          <li key={idOf(one)} className={LINE}>
            <Place place={place} />
            {line(one)}
          </li>
        ) : (
          <Movable key={idOf(one)} {...props} one={one} place={place} onMove={onMove} />
        ),
      )}
    </ol>
  )
}

const LINE = 'flex items-center gap-3 bg-raised px-3 py-2 text-sm first:rounded-t-lg last:rounded-b-lg'

function Place({ place }: { place: number }) {
  return <span className="font-mono text-soft">{place + 1}</span>
}

interface MovableProps<One> extends SortableProps<One> {
  readonly one: One
  readonly place: number
  readonly onMove: (from: number, to: number) => void
}

function Movable<One>({ one, place, things, idOf, nameOf, line, busy, onMove }: MovableProps<One>) {
  const name = nameOf(one)
  const held = useSortable({
    id: idOf(one),
    disabled: { draggable: busy },
    attributes: { roleDescription: 'handle' },
  })
  const { transform, transition, isDragging } = held
  return (
    <li
      ref={held.setNodeRef}
      style={{ transition, transform: transform === null ? undefined : `translateY(${transform.y}px)` }}
      className={`${LINE} ${isDragging ? 'relative z-10 shadow-lg' : ''}`}
    >
      <IconButton
        {...held.attributes}
        {...held.listeners}
        ref={held.setActivatorNodeRef}
        label={`Drag ${name}`}
        icon="grip"
        className="cursor-grab touch-none"
      />
      <Place place={place} />
      {line(one)}
      <Movers
        name={name}
        isFirst={place === 0}
        isLast={place === things.length - 1}
        busy={busy}
        onMove={(by) => onMove(place, place + by)}
      />
    </li>
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
