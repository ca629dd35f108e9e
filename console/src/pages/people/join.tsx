// An invitation, or a link with which somebody sets a password. Opening it changes nothing: mail programs look at links. The
// code stands in the fragment, which no server sees; in older links in the query.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useLocation, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Output, Request } from '../../../../src/api/schemas.ts'
import { api } from '../../api/client.ts'
import { useOnce } from '../../api/once.ts'
import { Button, ButtonLink } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'
import { exactWords } from '../../ui/time.tsx'
import { SkeletonLines } from '../../ui/waiting.tsx'
import { Frame } from './frame.tsx'

type Invitation = Output<'invitations.describe'>

const route = getRouteApi('/join')
const AT_LEAST = 12

export function JoinPage() {
  const code = useCode()
  const about = useQuery({
    queryKey: ['invitations.describe', code],
    queryFn: () => api.call('invitations.describe', { code }),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (about.data !== undefined) return <Accepting code={code} invitation={about.data} />
  return (
    <Frame title={about.isError ? 'This link does not work' : 'Your invitation'}>
      {about.isError ? <Notice error={about.error} /> : <SkeletonLines lines={4} />}
      {about.isError && <ButtonLink to="/sign-in">Sign in</ButtonLink>}
    </Frame>
  )
}

// The one of the address, and still so while the page after it is on its way, whose address has none.
function useCode(): string {
  const { code: asked = '' } = route.useSearch()
  const given = useLocation().hash || asked
  const [code, setCode] = useState(given)
  if (given !== '' && given !== code) setCode(given)
  return given === '' ? code : given
}

function Accepting({ code, invitation }: { code: string; invitation: Invitation }) {
  const { kind, organization, email, role, givesEmail, expiresAt } = invitation
  const joins = kind === 'join'
  return (
    <Frame
      title={titleOf(invitation)}
      lead={
        <>
          {givesEmail ? (
            <p>
              It keeps the credentials of coding agents, and hands the right one to each run. With a name, an
              e-mail and a password you become the {role} of {organization}.
            </p>
          ) : (
            <p>
              {joins
                ? `You are invited as ${role}, with the e-mail ${email}.`
                : `Choose a password. It is for ${email}.`}
            </p>
          )}
          <p>The link works once, until {exactWords(expiresAt)}.</p>
        </>
      }
    >
      <AcceptForm code={code} joins={joins} givesEmail={givesEmail} email={email} />
    </Frame>
  )
}

// Only the first person of a server says which e-mail is theirs.
function titleOf({ kind, organization, givesEmail }: Invitation): string {
  if (givesEmail) return 'Welcome to Claviger'
  return kind === 'join' ? `Join ${organization}` : `Sign in to ${organization}`
}

interface AcceptFormProps {
  readonly code: string
  readonly joins: boolean
  readonly givesEmail: boolean
  readonly email: string
}

function AcceptForm({ code, joins, givesEmail, email: invited }: AcceptFormProps) {
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const attempt = useAccepting()
  const asksName = joins || givesEmail
  const submit = (event: FormEvent) => {
    event.preventDefault()
    attempt.mutate({ code, password, ...(asksName && { name }), ...(givesEmail && { email }) })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <Notice error={attempt.error} />
      {asksName && (
        <TextField
          label="Your name"
          autoComplete="name"
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
      {givesEmail ? (
        <TextField
          label="Your e-mail"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      ) : (
        // For the browser's own store of passwords.
        <input type="hidden" autoComplete="username" value={invited} readOnly />
      )}
      <TextField
        label="Password"
        type="password"
        autoComplete="new-password"
        minLength={AT_LEAST}
        required
        hint={
          joins
            ? `${AT_LEAST} characters or more. If you have a password on this server already, type that one.`
            : `${AT_LEAST} characters or more.`
        }
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Button type="submit" kind="primary" busy={attempt.isPending}>
        {joins ? 'Join' : 'Set the password'}
      </Button>
    </form>
  )
}

function useAccepting() {
  const queries = useQueryClient()
  const navigate = useNavigate()
  return useOnce({
    mutationFn: (given: Request<'invitations.accept'>) =>
      api.call('invitations.accept', { ...given, session: true }),
    onSuccess: ({ signedIn }) => {
      // What was read as nobody; but the invitation, which is shown until the next page is there, is not asked for again.
      queries.removeQueries({ predicate: ({ queryKey: [name] }) => name !== 'invitations.describe' })
      return navigate({ to: signedIn === false ? '/sign-in' : '/', replace: true })
    },
  })
}
