// One's own API tokens.

import type { Output } from '../../../../../src/api/schemas.ts'
import { useSession } from '../../../api/people.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Section } from '../../../ui/page.tsx'
import { NewToken } from '../parts/new-token.tsx'
import { RevokeToken } from '../parts/revoke-token.tsx'
import { ROLES } from '../parts/roles.ts'
import { Things, What } from '../parts/things.tsx'
import { TokenTimes } from '../parts/token-times.tsx'

type Token = Output<'tokens.list'>['tokens'][number]

export function OwnTokens() {
  const { person } = useSession()
  const found = useRead('tokens.list', {})
  const make = useChange('tokens.create')
  const role = ROLES.find((one) => one === person.role)
  const isLive = ({ holder, revokedAt }: Token) => holder === person.id && revokedAt === null
  return (
    <Section title="Your tokens">
      <p className="text-sm text-soft">
        For the command line and programs of yours. They may do what you may.
      </p>
      <Things
        label="Your tokens"
        things={found.data?.tokens.filter(isLive)}
        error={found.error}
        keyOf={({ id }) => id}
        line={(token) => (
          <>
            <What name={token.name}>
              <TokenTimes token={token} />
            </What>
            <RevokeToken name={token.name} />
          </>
        )}
      />
      {role !== undefined && (
        <NewToken
          error={make.error}
          busy={make.isPending}
          made={make.data ?? null}
          onMake={(token) => make.mutate({ role, ...token })}
          onSeen={() => make.reset()}
        />
      )}
    </Section>
  )
}
