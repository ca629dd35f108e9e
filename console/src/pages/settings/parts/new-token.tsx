// Makes a token: its name, and how long it is good, which must be chosen. It is shown once.

import { type FormEvent, useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Expiry, secondsOf } from './expiry.tsx'
import { ShownOnce } from './shown-once.tsx'

export interface NewTokenProps {
  readonly error: unknown
  readonly busy: boolean
  /** The one that was made; null when none was, or it was seen. */
  readonly made: { readonly name: string; readonly token: string } | null
  readonly onMake: (token: { name: string; expiresInSeconds: number | null }) => void
  readonly onSeen: () => void
}

export function NewToken({ error, busy, made, onMake, onSeen }: NewTokenProps) {
  const [name, setName] = useState('')
  const [expiry, setExpiry] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onMake({ name: name.trim(), expiresInSeconds: secondsOf(expiry) })
  }
  const seen = () => {
    setName('')
    setExpiry('')
    onSeen()
  }
  return (
    <form onSubmit={submit} className="grid gap-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="New token"
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Expiry chosen={expiry} onChoose={setExpiry} />
        <Button type="submit" icon="plus" busy={busy} disabled={expiry === ''}>
          Make the token
        </Button>
      </div>
      <Notice error={error} />
      <ShownOnce
        title={`Token ${made?.name}`}
        texts={made === null ? null : [{ label: 'Token', text: made.token }]}
        onClose={seen}
      />
    </form>
  )
}
