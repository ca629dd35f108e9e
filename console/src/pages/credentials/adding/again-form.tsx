// How somebody signs in again for a login that is here, and what they should know before.

import { type FormEvent, type ReactNode, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import type { StartedLogin } from '../../../api/under-way.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/notice.tsx'
import type { TypeInfo } from '../../../words/types.ts'
import { MethodChoice, type Methods, waysOf } from './method.tsx'
import { isLogin } from './sign-in.tsx'
import { SubscriptionWords, useSubscription } from './subscription.tsx'

export interface AgainFormProps {
  /** The login: by its id, or by the code of a link to it. */
  readonly which:
    | { readonly credential: string; readonly replaceAccount: boolean }
    | { readonly link: string }
  readonly type: string
  /** Undefined while it is not known. */
  readonly info: TypeInfo | undefined
  readonly owner: string
  readonly methods: Methods
  readonly onBegun: (login: StartedLogin) => void
  /** What else is chosen. */
  readonly children?: ReactNode
}

export function AgainForm({ which, type, info, owner, methods, onBegun, children }: AgainFormProps) {
  const ways = waysOf(methods)
  const [method, setMethod] = useState(ways[0])
  const subscription = useSubscription({ type: info, harness: info?.harness, owner })
  const start = useChange('logins.start', onBegun)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isLogin(type) || method === undefined) return
    start.mutate({ type, ...which, method, acceptNotice: subscription.accepted })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <MethodChoice ways={ways} method={method} onChoose={setMethod} />
      {children}
      {info !== undefined && <SubscriptionWords subscription={subscription} type={info} />}
      <Notice error={start.error} />
      <Actions>
        <Button type="submit" kind="primary" busy={start.isPending} disabled={method === undefined}>
          Sign in
        </Button>
      </Actions>
    </form>
  )
}
