// Everything by keyboard: Ctrl+K (or ⌘K) opens a list to type into; g and a letter goes somewhere at once.

import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useId, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Icon, type IconName } from '../ui/icons.tsx'
import type { Place } from './places.ts'
import { chooseTheme } from './theme.ts'

interface Entry {
  readonly label: string
  readonly icon: IconName
  readonly keys?: string
  readonly run: () => void
}

export function Palette({ places }: { places: readonly Place[] }) {
  const [open, setOpen] = useState(false)
  const navigate = useNavigate()
  const entries: readonly Entry[] = [
    ...places.map(({ to, title, icon, key }) => {
      return { label: `Go to ${title}`, icon, keys: `g ${key}`, run: () => void navigate({ to }) }
    }),
    { label: 'Light look', icon: 'sun', run: () => chooseTheme('light') },
    { label: 'Dark look', icon: 'moon', run: () => chooseTheme('dark') },
    { label: 'Look as the system', icon: 'settings', run: () => chooseTheme('system') },
  ]
  useShortcuts(places, () => setOpen(true))
  return (
    <>
      <Button kind="quiet" icon="search" aria-keyshortcuts="Control+K Meta+K" onClick={() => setOpen(true)}>
        <span className="hidden sm:inline">Find</span>
        <kbd className="hidden rounded border px-1 font-sans text-xs text-soft sm:inline">Ctrl K</kbd>
        <span className="sr-only sm:hidden">Find</span>
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Where to?">
        <Chooser entries={entries} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function Chooser({ entries, onDone }: { entries: readonly Entry[]; onDone: () => void }) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const id = useId()
  const words = text.toLowerCase().split(/\s+/)
  const found = entries.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)))
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
        aria-label="Find a place or something to do"
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
      <div role="listbox" id={id} aria-label="Found" className="grid gap-0.5">
        {found.map((entry, place) => (
          // The text field has the focus and takes the keys.
          <div
            key={entry.label}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === at}
            tabIndex={-1}
            onClick={() => choose(entry)}
            onKeyDown={onKeyDown}
            className="flex min-h-10 cursor-pointer items-center gap-3 rounded-lg px-3 text-sm hover:bg-sunken aria-selected:bg-accent-tint"
          >
            <Icon name={entry.icon} />
            <span className="flex-1">{entry.label}</span>
            {entry.keys !== undefined && <kbd className="font-sans text-xs text-soft">{entry.keys}</kbd>}
          </div>
        ))}
      </div>
    </div>
  )
}

// A second letter that comes later than this is none.
const TOGETHER_MS = 1200

function useShortcuts(places: readonly Place[], open: () => void): void {
  const navigate = useNavigate()
  useEffect(() => {
    let began = 0
    const listen = (event: globalThis.KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault()
        open()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
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
