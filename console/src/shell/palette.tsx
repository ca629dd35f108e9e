// Everything by keyboard: Ctrl+K (or ⌘K, or /) opens a list to type into, g and a letter goes somewhere at once, ? says so.

import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useId, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Icon } from '../ui/icons.tsx'
import { type Entry, fits, useEntries, useNamed } from './finding.ts'
import type { Place } from './places.ts'

type Opened = 'palette' | 'keys' | null

export function Palette({ places }: { places: readonly Place[] }) {
  const [opened, setOpened] = useState<Opened>(null)
  const close = () => setOpened(null)
  const entries = useEntries(() => setOpened('keys'))
  useShortcuts(places, setOpened)
  return (
    <>
      <Button
        kind="quiet"
        icon="search"
        aria-keyshortcuts="Control+K Meta+K /"
        onClick={() => setOpened('palette')}
      >
        <span className="hidden sm:inline">Find</span>
        <kbd className="hidden rounded border px-1 font-sans text-xs text-soft sm:inline">Ctrl K</kbd>
        <span className="sr-only sm:hidden">Find</span>
      </Button>
      <Dialog open={opened === 'palette'} onClose={close} title="Where to?">
        <Chooser entries={entries} onDone={close} />
      </Dialog>
      <Dialog open={opened === 'keys'} onClose={close} title="Keys of the console">
        <Facts
          facts={[
            ['Ctrl K, ⌘ K or /', 'Find a place, a credential, a run, a person'],
            ...places.map(({ key, title }) => [`g ${key}`, `Go to ${title}`] as const),
            ['Arrows, Home, End', 'Move in a list; Enter opens'],
            ['Escape', 'Close what is over the page'],
            ['?', 'These keys'],
          ]}
        />
      </Dialog>
    </>
  )
}

function Chooser({ entries, onDone }: { entries: readonly Entry[]; onDone: () => void }) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const id = useId()
  const { named, isLooking } = useNamed(text)
  const found = [...entries.filter(({ label }) => fits(label, text.trim())), ...named]
  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return
    onDone()
    entry.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) setAt((at + step + found.length) % Math.max(1, found.length))
    else if (event.key === 'Enter') choose(found[at])
    else return
    event.preventDefault()
  }
  return (
    <div className="grid gap-2">
      <input
        role="combobox"
        aria-label="Find a place, something to do, or what has a name"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found[at] === undefined ? undefined : `${id}-${at}`}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
        className="control"
      />
      <div
        role="listbox"
        id={id}
        aria-label="Found"
        className="grid max-h-[60dvh] grid-cols-[minmax(0,1fr)] gap-0.5 overflow-y-auto"
      >
        {found.map((entry, place) => (
          // The text field has the focus and takes the keys.
          <div
            key={entry.id}
            ref={place === at ? intoSight : null}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === at}
            tabIndex={-1}
            onClick={() => choose(entry)}
            onKeyDown={onKeyDown}
            className="flex min-h-10 cursor-pointer items-center gap-3 rounded-lg px-3 text-sm hover:bg-sunken aria-selected:bg-accent-tint"
          >
            <Icon name={entry.icon} />
            <span className="min-w-0 flex-1 truncate">{entry.label}</span>
            {entry.about !== undefined && <span className="text-xs text-soft">{entry.about}</span>}
            {entry.keys !== undefined && <kbd className="font-sans text-xs text-soft">{entry.keys}</kbd>}
          </div>
        ))}
      </div>
      <p role="status" className="px-3 text-sm text-soft empty:hidden">
        {isLooking ? 'Looking…' : found.length === 0 && 'Nothing is called that.'}
      </p>
    </div>
  )
}

function intoSight(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' })
}

// A second letter that comes later than this is none.
const TOGETHER_MS = 1200

const OPENED_BY: Readonly<Record<string, Opened>> = { '/': 'palette', '?': 'keys' }

function useShortcuts(places: readonly Place[], open: (what: Opened) => void): void {
  const navigate = useNavigate()
  useEffect(() => {
    let began = 0
    const listen = (event: globalThis.KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault()
        open('palette')
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const opened = OPENED_BY[event.key]
      if (opened !== undefined) {
        event.preventDefault()
        open(opened)
      }
      const place = places.find(({ key }) => key === event.key)
      if (place !== undefined && event.timeStamp - began < TOGETHER_MS) {
        event.preventDefault()
        void navigate({ to: place.to })
      }
      began = event.key === 'g' ? event.timeStamp : 0
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [places, open, navigate])
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input, textarea, select, [role="dialog"]') !== null)
  )
}
