// What is looked for. Words are looked for when somebody pauses: a log of any length is not read again at every letter.

import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useEffect, useEffectEvent, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { Select, TextField } from '../../ui/field.tsx'
import { OUTCOMES, type Search, searchIn } from './search.ts'

const KINDS = [
  ...['credential', 'lease', 'login', 'run', 'session', 'member', 'team', 'invitation', 'token'],
  ...['agent', 'worker', 'harness', 'policy', 'webhook', 'audit', 'organization', 'device', 'account'],
  ...['password', 'secondFactor', 'preferences', 'grant', 'backup', 'rekey'],
]

export function SearchBar({ search }: { search: Search }) {
  const navigate = useNavigate()
  const choose = (changed: Record<string, string>) =>
    void navigate({ to: '/audit', search: searchIn({ ...search, ...changed }), replace: true })
  const isFiltered = Object.keys(search).length > 0
  return (
    <search className="grid grid-cols-2 items-end gap-2 sm:flex sm:flex-wrap">
      <Word label="Search" value={search.search} onWord={(word) => choose({ search: word })} />
      <Word label="Who" value={search.actor} onWord={(actor) => choose({ actor })} />
      <Word label="To what" value={search.object} onWord={(object) => choose({ object })} />
      <Select
        label="What"
        value={search.action ?? ''}
        onChoose={(action) => choose({ action })}
        options={[
          { value: '', label: 'Anything' },
          ...KINDS.map((kind) => ({ value: `${kind}.`, label: `${kind}…` })),
          ...(isOther(search.action) ? [{ value: search.action ?? '', label: search.action ?? '' }] : []),
        ]}
      />
      <Select
        label="Outcome"
        value={search.outcome ?? ''}
        onChoose={(outcome) => choose({ outcome })}
        options={[{ value: '', label: 'Any' }, ...OUTCOMES.map((value) => ({ value, label: value }))]}
      />
      <Day label="From" value={search.since} onDay={(since) => choose({ since })} />
      <Day label="Until" value={search.until} onDay={(until) => choose({ until })} />
      {isFiltered && (
        <Button
          kind="quiet"
          icon="cross"
          onClick={() => void navigate({ to: '/audit', search: {}, replace: true })}
        >
          Clear
        </Button>
      )}
    </search>
  )
}

function isOther(action: string | undefined): boolean {
  return action !== undefined && !KINDS.some((kind) => action === `${kind}.`)
}

// Milliseconds that somebody takes between two letters.
const PAUSE = 500

interface WordProps {
  readonly label: string
  readonly value: string | undefined
  readonly onWord: (word: string) => void
}

function Word({ label, value = '', onWord }: WordProps) {
  const [typed, setTyped] = useState(value)
  const [known, setKnown] = useState(value)
  // Cleared, or another address.
  if (known !== value) {
    setKnown(value)
    setTyped(value)
  }
  const look = useEffectEvent(() => {
    if (typed.trim() !== value) onWord(typed.trim())
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: every letter begins the pause anew
  useEffect(() => {
    const timer = setTimeout(look, PAUSE)
    return () => clearTimeout(timer)
  }, [typed])
  const submit = (event?: FormEvent) => {
    event?.preventDefault()
    if (typed.trim() !== value) onWord(typed.trim())
  }
  return (
    <form onSubmit={submit}>
      <TextField
        label={label}
        type="search"
        maxLength={200}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => submit()}
      />
    </form>
  )
}

function Day({
  label,
  value = '',
  onDay,
}: {
  label: string
  value: string | undefined
  onDay: (day: string) => void
}) {
  return <TextField label={label} type="date" value={value} onChange={(event) => onDay(event.target.value)} />
}
