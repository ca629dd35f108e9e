// Every API token of the organization: of people, agents and workers.

import { useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useRead } from '../../../api/queries.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Checkbox } from '../../../ui/field.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime, useNow } from '../../../ui/time.tsx'
import { RevokeToken } from '../parts/revoke-token.tsx'
import { Things, What } from '../parts/things.tsx'
import { TokenTimes } from '../parts/token-times.tsx'

type Token = Output<'tokens.list'>['tokens'][number]

const HOLDERS: Readonly<Record<Token['holderKind'], string>> = {
  person: 'of',
  agent: 'of the agent',
  worker: 'of the worker',
}

export function AllTokens({ manages }: { manages: boolean }) {
  const found = useRead('tokens.list', {})
  const [withRevoked, setWithRevoked] = useState(false)
  // The newest first.
  const tokens = found.data?.tokens.filter(({ revokedAt }) => withRevoked || revokedAt === null).toReversed()
  return (
    <Section title="All tokens">
      <Checkbox
        label="Also those that were revoked"
        checked={withRevoked}
        onChange={({ target }) => setWithRevoked(target.checked)}
      />
      <Things
        label="All tokens"
        things={tokens}
        error={found.error}
        keyOf={({ id }) => id}
        line={(token) => <TokenLine token={token} manages={manages} />}
      />
    </Section>
  )
}

function TokenLine({ token, manages }: { token: Token; manages: boolean }) {
  const { name, role, holderKind, holderName, expiresAt, revokedAt } = token
  const now = useNow()
  const isOver = expiresAt !== null && Date.parse(expiresAt) <= now
  return (
    <>
      <What name={name}>
        <span>
          {HOLDERS[holderKind]} {holderName}
        </span>
        {holderKind === 'person' && <span>as {role}</span>}
        <TokenTimes token={token} />
        {revokedAt !== null && (
          <span>
            revoked <RelativeTime time={revokedAt} />
          </span>
        )}
      </What>
      {revokedAt !== null && <Badge icon="cross">revoked</Badge>}
      {revokedAt === null && isOver && (
        <Badge tone="warn" icon="clock">
          expired
        </Badge>
      )}
      {manages && revokedAt === null && <RevokeToken name={name} />}
    </>
  )
}
