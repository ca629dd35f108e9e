// A sign-in at a provider that is under way: what to do there, and what comes of it. Left, it is ended.

import { type FormEvent, type ReactNode, useEffect, useEffectEvent, useRef, useState } from 'react'
import type { CredentialView, Output } from '../../../../../src/api/schemas.ts'
import { api } from '../../../api/client.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { forgetUnderWay, keepUnderWay, type StartedLogin } from '../../../api/under-way.ts'
import { Button, OutsideLink } from '../../../ui/button.tsx'
import { Copyable, CopyButton } from '../../../ui/copy.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { Callout, Notice } from '../../../ui/notice.tsx'
import { useOwnerWords } from '../../../words/owner.ts'

type Login = Output<'logins.get'>

export interface SigningInProps {
  readonly login: StartedLogin
  readonly onAgain: () => void
  /** Where there is something behind it to go back to. */
  readonly onCancel?: () => void
  readonly onDone: (credential: CredentialView) => void
}

// Milliseconds; the live stream is faster, where it reaches.
const ASK_EVERY = 5_000

export function SigningIn({ login, onAgain, onCancel, onDone }: SigningInProps) {
  const everyMs = login.intervalSeconds === null ? ASK_EVERY : login.intervalSeconds * 1000
  const [isOver, setOver] = useState(false)
  const asked = useRead('logins.get', { id: login.id }, isOver ? {} : { everyMs })
  const now: Login = asked.data ?? login
  useEndWhenLeft(login.id, now.state)
  useKept(login, now.state)
  const isPending = now.state === 'pending'
  const arrived = useEffectEvent(() => {
    if (now.credential !== null && now.twins.length === 0) onDone(now.credential)
  })
  useEffect(() => {
    if (isPending) return
    setOver(true)
    arrived()
  }, [isPending])
  if (now.state === 'complete') return <Complete login={now} onDone={onDone} />
  const cancel = onCancel !== undefined && <Button onClick={onCancel}>Cancel</Button>
  if (!isPending) return <Ended login={now} cancel={cancel} onAgain={onAgain} />
  return (
    <div className="grid gap-4">
      {login.userCode === null ? (
        <ByLink login={login} cancel={cancel} />
      ) : (
        <ByDevice login={login} cancel={cancel} />
      )}
      <Notice error={asked.error} />
    </div>
  )
}

interface UnderWayProps {
  readonly login: StartedLogin
  /** A button, or nothing. */
  readonly cancel: ReactNode
}

// A page that is loaded again comes back to it.
function useKept(login: StartedLogin, state: Login['state']): void {
  useEffect(() => {
    if (state === 'pending') keepUnderWay(login)
    else forgetUnderWay()
  }, [login, state])
}

// A program of the server may wait for it, and a code that is out of sight should be good for nothing.
function useEndWhenLeft(id: string, state: Login['state']): void {
  const last = useRef(state)
  last.current = state
  useEffect(
    () => () => {
      // Nobody is left to be told; a sign-in that was not ended ends by itself after ten minutes.
      forgetUnderWay()
      if (last.current === 'pending') void api.call('logins.cancel', { id }).catch(() => undefined)
    },
    [id],
  )
}

function ByDevice({ login: { userCode, verificationUrl }, cancel }: UnderWayProps) {
  return (
    <>
      <p>
        Open <OutsideLink href={verificationUrl ?? ''}>{verificationUrl}</OutsideLink> on any device, and type
        this code:
      </p>
      <div className="grid justify-items-center gap-3 rounded-lg bg-sunken p-5">
        <output className="font-mono text-3xl font-semibold tracking-widest select-all sm:text-4xl">
          {userCode}
        </output>
        <CopyButton text={userCode ?? ''} label="Copy the code" />
      </div>
      <p role="status" className="flex items-center gap-2 text-sm text-soft">
        <Icon name="cycle" className="size-4 animate-spin" />
        Waiting for you to agree there. The code is good for ten minutes, and once.
      </p>
      {cancel && <Actions>{cancel}</Actions>}
    </>
  )
}

function ByLink({ login, cancel }: UnderWayProps) {
  const [pasted, setPasted] = useState('')
  const complete = useChange('logins.complete')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    complete.mutate({ id: login.id, pasted: pasted.trim() })
  }
  const isClaude = login.type === 'claude/oauth'
  return (
    <form onSubmit={submit} className="grid gap-4">
      {isClaude && (
        <p className="text-sm text-soft">
          The claude program of this server signs in, unchanged; you agree on the page of Anthropic.
        </p>
      )}
      <ol className="grid list-decimal gap-3 pl-5">
        <li>
          <OutsideLink href={login.authorizeUrl ?? ''}>Open the sign-in page</OutsideLink> and agree. On
          another machine, take the link there:
          <div className="mt-2">
            <Copyable text={login.authorizeUrl ?? ''} label="Copy the link" />
          </div>
        </li>
        <li>
          {isClaude
            ? 'Copy the code that the page shows.'
            : 'The browser ends on a page that cannot be reached. That is right: copy its address.'}
        </li>
      </ol>
      <TextField
        label={isClaude ? 'Code of the page' : 'Address of the page'}
        placeholder={isClaude ? 'code#state' : 'http://localhost:1455/auth/callback?code=…'}
        required
        autoComplete="off"
        spellCheck={false}
        className="font-mono"
        value={pasted}
        onChange={(event) => setPasted(event.target.value)}
      />
      <Notice error={complete.error} />
      <Actions>
        {cancel}
        <Button type="submit" kind="primary" busy={complete.isPending}>
          Finish signing in
        </Button>
      </Actions>
    </form>
  )
}

const OVER: Readonly<Record<string, string>> = {
  failed: 'Signing in has failed.',
  expired: 'This sign-in was not completed in time.',
  cancelled: 'This sign-in was cancelled.',
}

interface EndedProps extends Pick<SigningInProps, 'onAgain'> {
  readonly login: Login
  readonly cancel: ReactNode
}

function Ended({ login: { state, message }, cancel, onAgain }: EndedProps) {
  return (
    <div role="alert" className="grid gap-4">
      <Callout tone="bad">
        <p className="font-medium">{OVER[state] ?? state}</p>
        {message !== '' && <p className="wrap-anywhere">{message}</p>}
      </Callout>
      <Actions>
        {cancel}
        <Button kind="primary" onClick={onAgain}>
          Begin again
        </Button>
      </Actions>
    </div>
  )
}

function Complete({
  login: { credential, twins },
  onDone,
}: Pick<SigningInProps, 'onDone'> & { login: Login }) {
  const ownerWords = useOwnerWords()
  if (credential === null || twins.length === 0) return <p role="status">Signed in.</p>
  return (
    <div className="grid gap-4">
      <Callout tone="warn">
        <p className="font-medium">Signed in. This account is here more than once:</p>
        <ul className="list-disc pl-5">
          {twins.map(({ credential: twin, sameToken }) => (
            <li key={twin?.id ?? 'hidden'} className="wrap-anywhere">
              {twin === null
                ? 'a credential that you may not see'
                : `${twin.name} (${ownerWords(twin.owner)})`}
              {sameToken && ': the very same login. Whoever renews first ends the other.'}
            </li>
          ))}
        </ul>
      </Callout>
      <Actions>
        <Button kind="primary" onClick={() => onDone(credential)}>
          Go on
        </Button>
      </Actions>
    </div>
  )
}
