// Signing in again for a login that is here: here and now, or by a link for whoever has the account.

import { useState } from 'react'
import type { StartedLogin } from '../../../api/under-way.ts'
import { Dialog } from '../../../ui/dialog.tsx'
import { Checkbox } from '../../../ui/field.tsx'
import { useToast } from '../../../ui/toast.tsx'
import type { TypeInfo } from '../../../words/types.ts'
import { AgainForm } from '../adding/again-form.tsx'
import { SigningIn } from '../adding/signing-in.tsx'
import type { AskedProps } from './deleting.tsx'

export function Again({ credential, type, onClose }: AskedProps & { type: TypeInfo }) {
  const { id, name, account, owner } = credential
  const [login, setLogin] = useState<StartedLogin | null>(null)
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
  readonly onBegun: (login: StartedLogin) => void
}

function Begin({ id, owner, type, onBegun }: BeginProps) {
  const [replaceAccount, setReplace] = useState(false)
  return (
    <AgainForm
      which={{ credential: id, replaceAccount }}
      type={type.type}
      info={type}
      owner={owner}
      methods={type.methods}
      onBegun={onBegun}
    >
      <Checkbox
        label="It may be another account"
        hint="Without this, a login of another account is refused."
        checked={replaceAccount}
        onChange={(event) => setReplace(event.target.checked)}
      />
    </AgainForm>
  )
}
