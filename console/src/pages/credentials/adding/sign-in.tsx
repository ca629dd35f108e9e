// A credential that is made by signing in at its provider.

import { type FormEvent, useState } from 'react'
import type { CredentialView } from '../../../../../src/api/schemas.ts'
import { useChange } from '../../../api/queries.ts'
import type { StartedLogin } from '../../../api/under-way.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/notice.tsx'
import type { TypeInfo } from '../../../words/types.ts'
import { AboutType } from './about-type.tsx'
import { MethodChoice, type Methods, waysOf } from './method.tsx'
import { Placing, usePlace } from './placing.tsx'
import { SigningIn } from './signing-in.tsx'
import { SubscriptionWords, useSubscription } from './subscription.tsx'

export interface SignInFormProps {
  readonly type: TypeInfo
  readonly owner?: string | undefined
  readonly onBack: () => void
  readonly onCancel: () => void
  readonly onAdded: (credential: CredentialView) => void
}

export function SignInForm({ type, owner, onBack, onCancel, onAdded }: SignInFormProps) {
  const { place, put } = usePlace(owner)
  const ways = waysOf(type.methods)
  const [method, setMethod] = useState<Methods[number] | undefined>(ways[0])
  const [login, setLogin] = useState<StartedLogin | null>(null)
  const subscription = useSubscription({ type, harness: type.harness, owner: place.owner })
  const start = useChange('logins.start', setLogin)
  if (login !== null)
    return <SigningIn login={login} onAgain={() => setLogin(null)} onCancel={onCancel} onDone={onAdded} />
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isLogin(type.type) || method === undefined) return
    const { acceptNotice } = { acceptNotice: subscription.accepted }
    start.mutate({ type: type.type, ...place, name: place.name.trim(), method, acceptNotice })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <AboutType type={type} />
      <Placing type={type} place={place} put={put} />
      <MethodChoice ways={ways} method={method} onChoose={setMethod} />
      <SubscriptionWords subscription={subscription} type={type} />
      <Notice error={start.error} />
      <Actions>
        <Button disabled={start.isPending} onClick={onCancel}>
          Cancel
        </Button>
        <Button onClick={onBack}>Another type</Button>
        <Button type="submit" kind="primary" busy={start.isPending} disabled={method === undefined}>
          Sign in
        </Button>
      </Actions>
    </form>
  )
}

export function isLogin(type: string): type is 'claude/oauth' | 'codex/oauth' {
  return type === 'claude/oauth' || type === 'codex/oauth'
}
