// A value that somebody pastes or types. One that is secret is not shown on the screen, unless it has several lines.

import type { ReactNode } from 'react'
import { TextArea, TextField } from '../field.tsx'

export interface ValueFieldProps {
  readonly label: string
  readonly hint?: ReactNode
  /** A whole sentence. */
  readonly error?: string | undefined
  readonly example: string
  readonly required: boolean
  readonly secret: boolean
  readonly multiline: boolean
  readonly value: string
  readonly onChange: (value: string) => void
  /** Nobody types in it any more. */
  readonly onLeft: () => void
}

export function ValueField({ example, secret, multiline, onChange, onLeft, ...rest }: ValueFieldProps) {
  const shared = {
    ...rest,
    placeholder: example,
    autoComplete: 'off',
    spellCheck: false,
    className: 'font-mono',
    onBlur: onLeft,
  }
  return multiline ? (
    <TextArea {...shared} onChange={(event) => onChange(event.target.value)} />
  ) : (
    <TextField
      {...shared}
      type={secret ? 'password' : 'text'}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
