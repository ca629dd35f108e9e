// Who is served by a channel, and what its runs may do.

import { Link } from '@tanstack/react-router'
import { useRead } from '../../../api/queries.ts'
import { Select } from '../../../ui/field.tsx'
import { Choice } from '../../../ui/fields/choice.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { ACCESS_CHOICES } from '../../../words/access.ts'
import type { Channel } from './types.ts'

export type Policy = Pick<Channel, 'strangers' | 'agent' | 'access'>

export const NEW_POLICY: Policy = { strangers: 'refuse', agent: null, access: 'write' }

/** Whether it says all that is needed. */
export function isWhole({ strangers, agent }: Policy): boolean {
  return strangers === 'refuse' || agent !== null
}

const STRANGERS = [
  {
    ...({ value: 'refuse', label: 'Nobody serves them' } as const),
    about: 'They are told once in each conversation how to link their account.',
  },
  {
    ...({ value: 'organization', label: 'An agent serves them' } as const),
    about: 'It has what the organization attached to it, and only reads, on workers of its own.',
  },
]

interface PolicyProps {
  readonly policy: Policy
  readonly onChange: (policy: Policy) => void
}

export function PolicyFields({ policy, onChange }: PolicyProps) {
  return (
    <>
      <Choice
        label="Unknown people, and code from forks"
        options={STRANGERS}
        value={policy.strangers}
        onChoose={(strangers) => onChange({ ...policy, strangers })}
      />
      {policy.strangers === 'organization' && (
        <AgentChoice agent={policy.agent} onChoose={(agent) => onChange({ ...policy, agent })} />
      )}
      <p className="text-sm text-soft">
        Unknown is whose account no member has linked. Pull requests from forks, and of people who are no
        members, count as theirs, also when a member asks: no personal credential ever meets that code.
      </p>
      <Select
        label="What the runs of members may do"
        options={ACCESS_CHOICES}
        value={policy.access}
        onChoose={(value) => {
          const access = ACCESS_CHOICES.find((one) => one.value === value)?.value
          if (access !== undefined) onChange({ ...policy, access })
        }}
      />
    </>
  )
}

function AgentChoice({ agent, onChoose }: { agent: string | null; onChoose: (agent: string) => void }) {
  const found = useRead('agents.list', {})
  const names = (found.data?.agents ?? []).map(({ name }) => name)
  return (
    <>
      <Select
        label="Agent"
        value={agent ?? ''}
        required
        disabled={names.length === 0}
        onChoose={onChoose}
        options={[
          { value: '', label: 'Choose…', disabled: true },
          ...names.map((name) => ({ value: name, label: name })),
        ]}
      />
      {found.data !== undefined && names.length === 0 && (
        <p className="text-sm">
          There are no agents.{' '}
          <Link
            to="/settings/$part"
            params={{ part: 'machines' }}
            className="font-medium underline underline-offset-2"
          >
            Make one
          </Link>
          , and attach what it may use.
        </p>
      )}
      <Notice error={found.error} />
    </>
  )
}
