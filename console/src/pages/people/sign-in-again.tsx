// Where a link leads that somebody was sent to sign in again for a login: what it is for, and then the sign-in. The code
// stands in the fragment, which no server sees.

import { useQuery } from '@tanstack/react-query'
import { useLocation } from '@tanstack/react-router'
import { useState } from 'react'
import type { Output } from '../../../../src/api/schemas.ts'
import { api } from '../../api/client.ts'
import { useSession } from '../../api/people.ts'
import type { StartedLogin } from '../../api/under-way.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Callout, Notice } from '../../ui/notice.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { SkeletonLines } from '../../ui/waiting.tsx'
import { useOwnerWords } from '../../words/owner.ts'
import { useTypes } from '../../words/types.ts'
import { AgainForm } from '../credentials/adding/again-form.tsx'
import { SigningIn } from '../credentials/adding/signing-in.tsx'
import { Frame } from './frame.tsx'

type Link = Output<'loginLinks.describe'>

export function SignInAgainPage() {
  const code = useLocation().hash
  return (
    <Frame title="Sign in again">
      {code === '' ? (
        <Callout tone="bad">
          <p>This address has no code. Open the whole link that you were sent.</p>
        </Callout>
      ) : (
        <ByCode code={code} />
      )}
    </Frame>
  )
}

function ByCode({ code }: { code: string }) {
  const { person } = useSession()
  const [login, setLogin] = useState<StartedLogin | null>(null)
  const [done, setDone] = useState(false)
  const described = useQuery({
    queryKey: ['loginLinks.describe', code],
    queryFn: () => api.call('loginLinks.describe', { code }),
    retry: false,
    // Begun, it is used up.
    enabled: login === null,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const { data, error } = described
  if (done) {
    return (
      <div className="grid gap-4">
        <Callout tone="good">
          <p>Thank you: {data?.credential.name} works again.</p>
        </Callout>
        <ButtonLink to="/">Go to the overview</ButtonLink>
      </div>
    )
  }
  if (login !== null)
    return <SigningIn login={login} onAgain={() => setLogin(null)} onDone={() => setDone(true)} />
  return (
    <div className="grid gap-4">
      <Notice error={error} />
      {error !== null && <p className="text-sm text-soft">You are signed in as {person.email}.</p>}
      {data === undefined && error === null && <SkeletonLines lines={4} />}
      {data !== undefined && <Begin code={code} link={data} onBegun={setLogin} />}
    </div>
  )
}

interface BeginProps {
  readonly code: string
  readonly link: Link
  readonly onBegun: (login: StartedLogin) => void
}

function Begin({ code, link, onBegun }: BeginProps) {
  const { credential, account, expiresAt, methods } = link
  const ownerWords = useOwnerWords()
  const info = useTypes().find((one) => one.type === credential.type)
  return (
    <>
      <p>Somebody here asks you to sign in again for this login, with the account that it has.</p>
      <Facts
        facts={[
          ['Credential', credential.name],
          ['Type', info?.title ?? credential.type],
          ['Owner', ownerWords(credential.owner)],
          ['Account', account],
          ['Link ends', <RelativeTime key="ends" time={expiresAt} />],
        ]}
      />
      <AgainForm
        which={{ link: code }}
        type={credential.type}
        info={info}
        owner={credential.owner}
        methods={methods}
        onBegun={onBegun}
      />
    </>
  )
}
