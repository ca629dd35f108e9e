// What a new credential is called, and whose it is.

import { useState } from 'react'
import { Select, TextField } from '../../../ui/field.tsx'
import { useStoringChoices } from '../../../words/owner.ts'
import type { TypeInfo } from '../../../words/types.ts'

export interface Place {
  readonly name: string
  readonly owner: string
  readonly description: string
}

export function usePlace(owner = 'me') {
  const [place, setPlace] = useState<Place>({ name: '', owner, description: '' })
  return { place, put: (changed: Partial<Place>) => setPlace((before) => ({ ...before, ...changed })) }
}

export interface PlacingProps {
  readonly type: TypeInfo
  readonly place: Place
  readonly put: (changed: Partial<Place>) => void
}

export function Placing({ type, place, put }: PlacingProps) {
  const owners = useStoringChoices()
  const isRaw = type.type === 'raw'
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Name"
          hint={
            isRaw ? 'The environment variable it becomes.' : 'What you call it; letters, digits and . _ -'
          }
          placeholder={isRaw ? 'DATABASE_URL' : 'main'}
          required
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          value={place.name}
          onChange={(event) => put({ name: event.target.value })}
        />
        <OwnerSelect owner={place.owner} owners={owners} onChoose={(owner) => put({ owner })} />
      </div>
      <TextField
        label="Description"
        hint="For people: what it is for, when it has to be changed."
        autoComplete="off"
        maxLength={1000}
        value={place.description}
        onChange={(event) => put({ description: event.target.value })}
      />
    </>
  )
}

const WHOM: Readonly<Record<string, string>> = {
  me: 'Serves your own runs only.',
  org: 'Serves runs of everybody in the organization.',
  team: 'Serves runs of everybody in the team.',
  agent: 'Serves runs of this agent.',
}

export function OwnerSelect({
  owner,
  owners,
  onChoose,
}: {
  owner: string
  owners: ReturnType<typeof useStoringChoices>
  onChoose: (owner: string) => void
}) {
  return (
    <Select
      label="Owner"
      hint={WHOM[owner.split(':')[0] ?? ''] ?? ''}
      value={owner}
      onChoose={onChoose}
      options={[...owners]}
    />
  )
}
