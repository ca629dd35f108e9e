// What is known of a credential.

import type { ReactNode } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { StatePill } from '../../../ui/badge.tsx'
import { Facts } from '../../../ui/facts.tsx'
import { Callout } from '../../../ui/notice.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { useOwnerWords } from '../../../words/owner.ts'
import { type FieldInfo, useTypes } from '../../../words/types.ts'
import { capital } from '../adding/fields.tsx'

export type Credential = Output<'credentials.get'>

export function About({ credential }: { credential: Credential }) {
  const ownerWords = useOwnerWords()
  const types = useTypes()
  const type = types.find((one) => one.type === credential.type)
  const { owner, state, stateReason, stateUntil, suffix, description, version, may } = credential
  return (
    <>
      <Facts
        facts={[
          ['State', <StatePill key="state" state={state} />],
          ['Why', stateReason],
          ['Until', stateUntil !== null && <RelativeTime key="until" time={stateUntil} />],
          ['Type', type === undefined ? credential.type : `${type.title} (${credential.type})`],
          ['Owner', ownerWords(owner)],
          ['Account', accountWords(credential)],
          ['Last characters', suffix !== undefined && suffix !== '' && <code key="suffix">…{suffix}</code>],
          ...shownFields(credential, type?.fields ?? []),
          ['Description', description],
          ...times(credential),
          ['Version', version?.toString()],
          ['Billed', type?.bills],
        ]}
      />
      {version === undefined && (
        <Callout tone="info">
          <p>
            {may.use
              ? 'It may serve your runs. Whoever manages it sees more.'
              : 'Whoever manages it sees more.'}
          </p>
        </Callout>
      )}
    </>
  )
}

type Fact = readonly [string, ReactNode]

// Of a login the account says it.
function shownFields({ fields, account }: Credential, infos: readonly FieldInfo[]): Fact[] {
  if (account !== null && account !== undefined) return []
  return infos.map(({ name, label }) => [capital(label), fields?.[name]] as const)
}

// Of a login that has to be signed in again no time is true.
const NO_RENEWAL: readonly string[] = ['needs_login', 'rejected']

function times({
  state,
  endsAt,
  endsEstimated,
  expiresAt,
  lastUsedAt,
  createdAt,
  updatedAt,
}: Credential): Fact[] {
  return [
    [
      'Ends',
      typeof endsAt === 'string' && (
        <span key="ends">
          <RelativeTime time={endsAt} />
          {endsEstimated === true && ' (by estimate)'}
        </span>
      ),
    ],
    [
      'Renewed by',
      !NO_RENEWAL.includes(state) && typeof expiresAt === 'string' && (
        <RelativeTime key="expires" time={expiresAt} />
      ),
    ],
    ['Last used', typeof lastUsedAt === 'string' && <RelativeTime key="used" time={lastUsedAt} />],
    ['Created', createdAt !== undefined && <RelativeTime key="created" time={createdAt} />],
    ['Changed', updatedAt !== undefined && <RelativeTime key="updated" time={updatedAt} />],
  ]
}

function accountWords({ account }: Credential): string | false {
  if (account === null || account === undefined) return false
  return [account.email, account.plan !== null && `plan ${account.plan}`].filter(Boolean).join(', ')
}
