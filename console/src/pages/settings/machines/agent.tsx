// One agent: what is attached to it, and its tokens.

import { useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { StatePill } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Select, TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { useOwnerWords } from '../../../words/owner.ts'
import { NewToken } from '../parts/new-token.tsx'
import { RevokeToken } from '../parts/revoke-token.tsx'
import { Things, What } from '../parts/things.tsx'

type AgentView = Output<'agents.get'>

// Credentials that are offered at a time.
const FOUND = 100

export function Agent({ name, manages }: { name: string; manages: boolean }) {
  const found = useRead('agents.get', { agent: name })
  const make = useChange('agents.token')
  if (found.data === undefined)
    return found.isError ? <Notice error={found.error} /> : <SkeletonLines lines={4} />
  const { owns, tokens, workers } = found.data
  return (
    <div className="grid gap-5">
      <p className="text-sm text-soft">
        It owns {owns} {owns === 1 ? 'credential' : 'credentials'}
        {workers.length > 0 && `, and works on ${workers.join(', ')}`}.
      </p>
      <Attached agent={found.data} manages={manages} />
      <div className="grid gap-2">
        <h3 className="text-sm font-semibold">Tokens</h3>
        <Things
          label={`Tokens of ${name}`}
          things={tokens}
          error={null}
          keyOf={(one) => one.name}
          line={(one) => (
            <>
              <What name={one.name}>
                {one.expiresAt === null ? (
                  <span>never expires</span>
                ) : (
                  <span>
                    expires <RelativeTime time={one.expiresAt} />
                  </span>
                )}
              </What>
              {manages && <RevokeToken name={one.name} />}
            </>
          )}
        />
        {manages && (
          <NewToken
            error={make.error}
            busy={make.isPending}
            made={make.data ?? null}
            onMake={(token) => make.mutate({ agent: name, ...token })}
            onSeen={() => make.reset()}
          />
        )}
      </div>
    </div>
  )
}

function Attached({ agent: { name: agent, attached }, manages }: { agent: AgentView; manages: boolean }) {
  const ownerWords = useOwnerWords()
  const detach = useChange('agents.detach')
  return (
    <div className="grid gap-2">
      <h3 className="text-sm font-semibold">Attached credentials</h3>
      <Things
        label="Attached credentials"
        things={attached}
        error={null}
        keyOf={({ id }) => id}
        line={({ id, name, owner, type, state }) => (
          <>
            <What name={name}>
              <span>{ownerWords(owner)}</span>
              <span className="font-mono">{type}</span>
            </What>
            <StatePill state={state} />
            {manages && (
              <Button
                kind="quiet"
                aria-label={`Detach ${name}`}
                disabled={detach.isPending}
                onClick={() => detach.mutate({ agent, credential: id })}
              >
                Detach
              </Button>
            )}
          </>
        )}
      />
      {manages && <Attach agent={agent} attached={attached} />}
      <Notice error={detach.error} />
    </div>
  )
}

// Looked for by the server: there may be more than a list can hold.
function Attach({ agent, attached }: { agent: string; attached: AgentView['attached'] }) {
  const ownerWords = useOwnerWords()
  const [search, setSearch] = useState('')
  const asked = search.trim()
  const attach = useChange('agents.attach')
  const found = useRead('credentials.list', { limit: FOUND, ...(asked !== '' && { search: asked }) })
  const others = (found.data?.credentials ?? []).filter(
    ({ id, owner, may }) =>
      may.manage && /^(org$|team:)/.test(owner) && !attached.some((one) => one.id === id),
  )
  const isCut = found.data !== undefined && found.data.next !== null
  return (
    <div className="grid gap-2">
      {(isCut || search !== '') && (
        <TextField
          label="Find a credential to attach"
          hint={isCut ? `There are more than ${FOUND}: type a part of the name.` : undefined}
          type="search"
          maxLength={100}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      <Select
        label="Attach a credential"
        value=""
        disabled={attach.isPending || others.length === 0}
        onChoose={(credential) => attach.mutate({ agent, credential })}
        options={[
          { value: '', label: others.length === 0 ? 'None is found' : 'Choose…', disabled: true },
          ...others.map(({ id, name, owner }) => ({ value: id, label: `${name} (${ownerWords(owner)})` })),
        ]}
      />
      <Notice error={found.error ?? attach.error} />
    </div>
  )
}
