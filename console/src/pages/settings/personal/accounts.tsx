// Accounts elsewhere that are one's own. They are known by ids, which are never given to anybody else, not by names. One is a
// way in without the password: linking asks for it, of those who have one.

import { type FormEvent, useState } from 'react'
import { useSession } from '../../../api/people.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { Remove } from '../parts/remove.tsx'
import { Things, What } from '../parts/things.tsx'
import { CodeField, PasswordField } from './proof.tsx'

const RETURN_TO = '/settings/personal'

export function Accounts() {
  const found = useRead('accounts.list', {})
  const { hasPassword } = useSession().person
  const link = useChange('accounts.link', ({ url }) => location.assign(url))
  const [chosen, setChosen] = useState<Linkable | null>(null)
  return (
    <Section title="Linked accounts">
      <Things
        label="Linked accounts"
        things={found.data?.accounts}
        error={found.error}
        keyOf={({ id }) => id}
        line={({ id, provider, accountId, name, linkedAt }) => (
          <>
            <What name={`${name} at ${provider}`}>
              <span>id {accountId}</span>
              <span>
                linked <RelativeTime time={linkedAt} />
              </span>
            </What>
            <Remove
              operation="accounts.unlink"
              input={{ id }}
              verb="Unlink"
              name={`${name} at ${provider}`}
              done="The account is unlinked."
            >
              <p>You cannot sign in with it any more.</p>
            </Remove>
          </>
        )}
      />
      {found.data?.linkable.length === 0 && (
        <p className="text-sm text-soft">
          Whoever runs the server sets up accounts of which providers can be linked.
        </p>
      )}
      <Notice error={chosen === null ? link.error : null} />
      <div className="flex flex-wrap gap-2">
        {found.data?.linkable.map(({ id, name }) => (
          <Button
            key={id}
            busy={link.isPending && link.variables.provider === id}
            onClick={() =>
              hasPassword ? setChosen({ id, name }) : link.mutate({ provider: id, returnTo: RETURN_TO })
            }
          >
            Link {name}
          </Button>
        ))}
      </div>
      <Dialog open={chosen !== null} onClose={() => setChosen(null)} title={`Link ${chosen?.name ?? ''}`}>
        <Proof
          error={link.error}
          busy={link.isPending}
          onGiven={(given) => link.mutate({ ...given, provider: chosen?.id ?? '', returnTo: RETURN_TO })}
        />
      </Dialog>
    </Section>
  )
}

interface Linkable {
  readonly id: string
  readonly name: string
}

interface ProofProps {
  readonly error: unknown
  readonly busy: boolean
  readonly onGiven: (given: { password: string; code?: string }) => void
}

function Proof({ error, busy, onGiven }: ProofProps) {
  const { secondFactor } = useSession().person
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onGiven({ password, ...(secondFactor && { code }) })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <p className="text-sm">Whoever has the account can sign in with it, without your password.</p>
      <PasswordField value={password} onType={setPassword} />
      {secondFactor && (
        <CodeField label="Code of the app, or a recovery code" value={code} onType={setCode} />
      )}
      <Notice error={error} />
      <Actions>
        <Button type="submit" kind="primary" busy={busy}>
          Go on
        </Button>
      </Actions>
    </form>
  )
}
