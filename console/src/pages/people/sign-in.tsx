// Signing in: e-mail and password, a code where the account asks for one, or an account elsewhere.

import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { BASE } from '../../api/client.ts'
import { useOnce } from '../../api/once.ts'
import { type Credentials, signIn, signInElsewhere } from '../../api/people.ts'
import { useRead } from '../../api/queries.ts'
import { safeNext } from '../../next.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { Callout, Notice } from '../../ui/notice.tsx'
import { Frame } from './frame.tsx'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  const { next, problem } = route.useSearch()
  const router = useRouter()
  const { data: methods } = useRead('signIn.methods', {})
  const queries = useQueryClient()
  const goOn = () => {
    // What somebody else saw here before is nobody's now.
    queries.clear()
    // A fragment that was there before may hold a code for the place to go to.
    router.history.push(`${BASE}${safeNext(next)}${location.hash}`)
  }
  return (
    <Frame title="Sign in to Claviger">
      {problem !== undefined && <Problem code={problem} />}
      {methods?.takesCookies === false && (
        <Callout tone="warn">
          <p>
            Over plain http from another machine no browser keeps you signed in. Ask for an address that
            begins with https.
          </p>
        </Callout>
      )}
      <PasswordForm onSignedIn={goOn} />
      <Elsewhere providers={methods?.providers ?? []} returnTo={safeNext(next)} />
      <p className="text-sm text-soft">
        New here? Open the link of your invitation. The first person finds theirs in the terminal where{' '}
        <code className="font-mono">claviger serve</code> was started.
      </p>
    </Frame>
  )
}

function PasswordForm({ onSignedIn }: { onSignedIn: () => void }) {
  const [given, setGiven] = useState<Credentials>({ email: '', password: '' })
  const [asksCode, setAsksCode] = useState(false)
  const attempt = useOnce({
    mutationFn: signIn,
    onSuccess: (state) => (state === 'signed-in' ? onSignedIn() : setAsksCode(true)),
  })
  const back = () => {
    attempt.reset()
    setAsksCode(false)
    setGiven({ email: given.email, password: '' })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    attempt.mutate(given)
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <Notice error={attempt.error} />
      {asksCode ? (
        <TextField
          label="Code"
          hint="From your authenticator app, or a recovery code."
          autoComplete="one-time-code"
          autoFocus
          required
          value={given.code ?? ''}
          onChange={(event) => setGiven({ ...given, code: event.target.value })}
        />
      ) : (
        <>
          <TextField
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            value={given.email}
            onChange={(event) => setGiven({ ...given, email: event.target.value })}
          />
          <TextField
            label="Password"
            type="password"
            autoComplete="current-password"
            required
            value={given.password}
            onChange={(event) => setGiven({ ...given, password: event.target.value })}
          />
        </>
      )}
      <Button type="submit" kind="primary" busy={attempt.isPending}>
        {asksCode ? 'Go on' : 'Sign in'}
      </Button>
      {asksCode && (
        <Button kind="quiet" onClick={back}>
          Back
        </Button>
      )}
    </form>
  )
}

interface ElsewhereProps {
  readonly providers: readonly { readonly id: string; readonly name: string }[]
  readonly returnTo: string
}

function Elsewhere({ providers, returnTo }: ElsewhereProps) {
  const start = useOnce({
    mutationFn: (provider: string) => signInElsewhere(provider, returnTo),
    onSuccess: (url) => location.assign(url),
  })
  if (providers.length === 0) return null
  return (
    <div className="grid gap-2 border-t pt-5">
      <Notice error={start.error} />
      {providers.map(({ id, name }) => (
        <Button key={id} busy={start.isPending && start.variables === id} onClick={() => start.mutate(id)}>
          Sign in with {name}
        </Button>
      ))}
    </div>
  )
}

const PROBLEMS: Readonly<Record<string, string>> = {
  denied: 'You were turned away there.',
  unknown:
    'Nobody here has that account. Ask for an invitation, or sign in with your password and link it in your settings.',
  expired: 'That sign-in was too old, or began in another browser. Begin again.',
  unavailable: 'The other side does not answer. Try again in a while.',
  refused: 'The answer of the other side was not right. Begin again.',
  'linked-elsewhere': 'Somebody else here has that account.',
  'signed-out': 'You were signed out meanwhile. Sign in, and link the account again.',
}

function Problem({ code }: { code: string }) {
  return (
    <div role="alert">
      <Callout tone="bad">
        <p>{PROBLEMS[code] ?? 'The sign-in did not work. Begin again.'}</p>
      </Callout>
    </div>
  )
}
