// What people show again before what opens their account changes: the password, and a code of the app.

import { TextField } from '../../../ui/field.tsx'

interface TypedProps {
  readonly value: string
  readonly onType: (text: string) => void
}

export function PasswordField({ value, onType }: TypedProps) {
  return (
    <TextField
      label="Your password"
      type="password"
      autoComplete="current-password"
      required
      value={value}
      onChange={(event) => onType(event.target.value)}
    />
  )
}

export function CodeField({ label, value, onType }: TypedProps & { label: string }) {
  return (
    <TextField
      label={label}
      autoComplete="one-time-code"
      required
      value={value}
      onChange={(event) => onType(event.target.value)}
    />
  )
}
