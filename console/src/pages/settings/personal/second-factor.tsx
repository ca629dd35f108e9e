// A second factor: an authenticator app, and recovery codes for the day it is lost.

import { type FormEvent, lazy, type ReactNode, Suspense, useState } from 'react'
import { useChange, useRead } from '../../../api/queries.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Copyable } from '../../../ui/copy.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Callout, Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { Skeleton, SkeletonLines } from '../../../ui/waiting.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import { CodeField, PasswordField } from './proof.tsx'
import { RecoveryCodes } from './recovery-codes.tsx'

// The secret as text is there all the same.
const QrCode = lazy(() =>
  import('./qr-code.tsx').then(
    (loaded) => ({ default: loaded.QrCode }),
    () => ({ default: () => null }),
  ),
)

type Step = 'set-up' | 'switch-off' | 'new-codes'

export function SecondFactor({ hasPassword }: { hasPassword: boolean }) {
  const { data, error } = useRead('secondFactor.read', {})
  const [step, setStep] = useState<Step | null>(null)
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  const shown = (recoveryCodes: readonly string[]) => {
    setStep(null)
    setCodes(recoveryCodes)
  }
  return (
    <Section title="Second factor">
      <Notice error={error} />
      {data === undefined && error === null && <SkeletonLines lines={2} />}
      {data?.enabled === false && (
        <div className="grid gap-3 text-sm">
          <p>With one, your password alone lets nobody in.</p>
          {!hasPassword && <p className="text-soft">Set a password first.</p>}
          <div>
            <Button disabled={!hasPassword} onClick={() => setStep('set-up')}>
              Set up an authenticator app
            </Button>
          </div>
        </div>
      )}
      {data?.enabled === true && (
        <div className="flex flex-wrap items-center gap-3 text-sm">
          <Badge tone="good" icon="check">
            on
          </Badge>
          <span className="flex-1">{data.recoveryCodesLeft} recovery codes are left.</span>
          <Button onClick={() => setStep('new-codes')}>New recovery codes</Button>
          <Button onClick={() => setStep('switch-off')}>Switch it off</Button>
        </div>
      )}
      <Dialog open={step === 'set-up'} onClose={() => setStep(null)} title="Set up an authenticator app">
        <SetUp onCodes={shown} />
      </Dialog>
      <Dialog open={step === 'new-codes'} onClose={() => setStep(null)} title="New recovery codes">
        <NewCodes onCodes={shown} />
      </Dialog>
      <Dialog open={step === 'switch-off'} onClose={() => setStep(null)} title="Switch the second factor off">
        <SwitchOff onDone={() => setStep(null)} />
      </Dialog>
      <ShownOnce
        title="Recovery codes"
        warning="They are shown this once. Keep them now, where your app is not."
        texts={codes && []}
        onClose={() => setCodes(null)}
      >
        {codes && <RecoveryCodes codes={codes} />}
      </ShownOnce>
    </Section>
  )
}

function SetUp({ onCodes }: { onCodes: (codes: readonly string[]) => void }) {
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const begin = useChange('secondFactor.begin', () => setPassword(''))
  const enable = useChange('secondFactor.enable', ({ recoveryCodes }) => onCodes(recoveryCodes))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (begin.data === undefined) begin.mutate({ password })
    else enable.mutate({ code })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      {begin.data === undefined ? (
        <PasswordField value={password} onType={setPassword} />
      ) : (
        <>
          <p className="text-sm">
            Let your app read this picture, or on the device that has it{' '}
            <a href={begin.data.uri} className="text-accent underline underline-offset-2">
              open it there
            </a>
            . Then type the code that it shows.
          </p>
          <Suspense fallback={<Skeleton className="size-52" />}>
            <QrCode text={begin.data.uri} label="The secret, for the camera of your app" />
          </Suspense>
          <p className="text-sm">Without a camera, type the secret into it.</p>
          <Copyable text={begin.data.secret} label="Copy the secret" />
          <CodeField label="Code" value={code} onType={setCode} />
        </>
      )}
      <Notice error={begin.error ?? enable.error} />
      <Actions>
        <Button type="submit" kind="primary" busy={begin.isPending || enable.isPending}>
          {begin.data === undefined ? 'Go on' : 'Switch it on'}
        </Button>
      </Actions>
    </form>
  )
}

function NewCodes({ onCodes }: { onCodes: (codes: readonly string[]) => void }) {
  const renew = useChange('secondFactor.recoveryCodes', ({ recoveryCodes }) => onCodes(recoveryCodes))
  return (
    <Both verb="Make new codes" error={renew.error} busy={renew.isPending} onGiven={renew.mutate}>
      <p>The old ones work no more.</p>
    </Both>
  )
}

function SwitchOff({ onDone }: { onDone: () => void }) {
  const say = useToast()
  const disable = useChange('secondFactor.disable', () => {
    onDone()
    say('The second factor is off.')
  })
  return (
    <Both verb="Switch it off" error={disable.error} busy={disable.isPending} onGiven={disable.mutate}>
      <p>Your password alone lets you in then, and whoever else knows it.</p>
    </Both>
  )
}

interface BothProps {
  readonly verb: string
  readonly error: unknown
  readonly busy: boolean
  readonly onGiven: (given: { password: string; code: string }) => void
  readonly children: ReactNode
}

function Both({ verb, error, busy, onGiven, children }: BothProps) {
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onGiven({ password, code })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <Callout tone="warn">{children}</Callout>
      <PasswordField value={password} onType={setPassword} />
      <CodeField label="Code of the app, or a recovery code" value={code} onType={setCode} />
      <Notice error={error} />
      <Actions>
        <Button type="submit" kind="danger" busy={busy}>
          {verb}
        </Button>
      </Actions>
    </form>
  )
}
