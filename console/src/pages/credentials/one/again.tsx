// Signing in again for a login that is here: here and now, or by a link for whoever has the account.

import { type FormEvent, useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Checkbox } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { useToast } from '../../../ui/toast.tsx'
import type { TypeInfo } from '../../../words/types.ts'
import { MethodChoice, waysOf } from '../adding/method.tsx'
import { isLogin } from '../adding/sign-in.tsx'
import { SigningIn } from '../adding/signing-in.tsx'
import { SubscriptionWords, useSubscription } from '../adding/subscription.tsx'
import type { AskedProps } from './deleting.tsx'

export function Again({ credential, type, onClose }: AskedProps & { type: TypeInfo }) {
  const { id, name, account, owner } = credential
  const [login, setLogin] = useState<Output<'logins.start'> | null>(null)
  const say = useToast()
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Sign in again for ${name}`}
      description={account?.email == null ? undefined : `Its account is ${account.email}.`}
    >
      {login === null ? (
        <Begin id={id} owner={owner} type={type} onBegun={setLogin} />
      ) : (
        <SigningIn
          login={login}
          onAgain={() => setLogin(null)}
          onDone={() => {
            say(`${name} is signed in again.`)
            onClose()
          }}
        />
      )}
    </Dialog>
  )
}

interface BeginProps {
  readonly id: string
  readonly owner: string
  readonly type: TypeInfo
  readonly onBegun: (login: Output<'logins.start'>) => void
}

function Begin({ id, owner, type, onBegun }: BeginProps) {
  const ways = waysOf(type.methods)
  const [method, setMethod] = useState(ways[0])
  const [replaceAccount, setReplace] = useState(false)
  const subscription = useSubscription({ type, harness: type.harness, owner })
  const start = useChange('logins.start', onBegun)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isLogin(type.type) || method === undefined) return
    const acceptNotice = subscription.accepted
    start.mutate({ type: type.type, credential: id, method, replaceAccount, acceptNotice })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <MethodChoice ways={ways} method={method} onChoose={setMethod} />
      <Checkbox
        label="It may be another account"
        hint="Without this, a login of another account is refused."
        checked={replaceAccount}
        onChange={(event) => setReplace(event.target.checked)}
      />
      <SubscriptionWords subscription={subscription} type={type} />
      <Notice error={start.error} />
      <Actions>
        <Button type="submit" kind="primary" busy={start.isPending} disabled={method === undefined}>
          Sign in
        </Button>
      </Actions>
    </form>
  )
}
