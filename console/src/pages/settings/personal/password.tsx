// The password: a new one ends every other session.

import { type FormEvent, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { useToast } from '../../../ui/toast.tsx'

const NOTHING = { current: '', password: '' }

export function Password({ hasPassword }: { hasPassword: boolean }) {
  const [given, setGiven] = useState(NOTHING)
  const say = useToast()
  const change = useChange('password.change', () => {
    setGiven(NOTHING)
    say('Your password is changed. Other browsers are signed out.')
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate(hasPassword ? given : { password: given.password })
  }
  return (
    <Section title="Password">
      <form onSubmit={submit} className="grid gap-4 sm:max-w-md">
        {hasPassword && (
          <TextField
            label="Current password"
            type="password"
            autoComplete="current-password"
            required
            value={given.current}
            onChange={(event) => setGiven({ ...given, current: event.target.value })}
          />
        )}
        <TextField
          label="New password"
          hint="At least 12 characters."
          type="password"
          autoComplete="new-password"
          required
          value={given.password}
          onChange={(event) => setGiven({ ...given, password: event.target.value })}
        />
        <Notice error={change.error} />
        <div>
          <Button type="submit" busy={change.isPending}>
            Change the password
          </Button>
        </div>
      </form>
    </Section>
  )
}
