// Agents: identities without a person.

import { type FormEvent, useState } from 'react'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { Remove } from '../parts/remove.tsx'
import { Things, What } from '../parts/things.tsx'
import { Agent } from './agent.tsx'

export function Agents({ manages }: { manages: boolean }) {
  const found = useRead('agents.list', {})
  const [opened, setOpened] = useState<string | null>(null)
  return (
    <Section title="Agents">
      <Things
        label="Agents"
        things={found.data?.agents}
        error={found.error}
        keyOf={({ name }) => name}
        line={({ name, description, createdAt, createdBy }) => (
          <>
            <What name={name}>
              {description !== '' && <span>{description}</span>}
              <span>
                made <RelativeTime time={createdAt} /> by {createdBy}
              </span>
            </What>
            <Button aria-label={`Open ${name}`} onClick={() => setOpened(name)}>
              Open
            </Button>
            {manages && (
              <Remove
                operation="agents.delete"
                input={{ agent: name }}
                verb="Delete"
                name={`the agent ${name}`}
                done={`The agent ${name} is deleted.`}
              >
                <p>
                  Its tokens and workers are revoked and its leases end. One that owns credentials cannot be
                  deleted.
                </p>
              </Remove>
            )}
          </>
        )}
      />
      {manages && <NewAgent />}
      <Dialog open={opened !== null} onClose={() => setOpened(null)} title={`Agent ${opened ?? ''}`} wide>
        {opened !== null && <Agent name={opened} manages={manages} />}
      </Dialog>
    </Section>
  )
}

function NewAgent() {
  const [given, setGiven] = useState({ name: '', description: '' })
  const create = useChange('agents.create', () => setGiven({ name: '', description: '' }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate(given)
  }
  return (
    <form onSubmit={submit} className="grid gap-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="New agent"
          required
          value={given.name}
          onChange={(event) => setGiven({ ...given, name: event.target.value })}
        />
        <TextField
          label="What it does"
          value={given.description}
          onChange={(event) => setGiven({ ...given, description: event.target.value })}
        />
        <Button type="submit" icon="plus" busy={create.isPending}>
          Make the agent
        </Button>
      </div>
      <Notice error={create.error} />
    </form>
  )
}
