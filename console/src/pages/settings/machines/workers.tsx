// The machines that carry runs out: what they have, what they run, and how another one becomes one.

import { type FormEvent, useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { SERVER } from '../../../api/client.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Select, TextField } from '../../../ui/field.tsx'
import { Callout, Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { harnessTitle } from '../../../words/harness.ts'
import { Hint } from '../../../words/hint.tsx'
import { Remove } from '../parts/remove.tsx'
import { ShownOnce } from '../parts/shown-once.tsx'
import { Things, What } from '../parts/things.tsx'

type Enrolled = Pick<Output<'workers.enrol'>, 'name' | 'code' | 'server'>
type Worker = Output<'workers.list'>['workers'][number]

export function Workers({ manages }: { manages: boolean }) {
  const found = useRead('workers.list', {}, { everyMs: 60_000 })
  const [enrols, setEnrols] = useState(false)
  const [code, setCode] = useState<Enrolled | null>(null)
  return (
    <Section
      title="Workers"
      actions={
        manages && (
          <Button icon="plus" onClick={() => setEnrols(true)}>
            Enrol a worker
          </Button>
        )
      }
    >
      <Untaken />
      <Things
        label="Workers"
        things={found.data?.workers}
        error={found.error}
        keyOf={({ id }) => id}
        line={(worker) => <WorkerLine worker={worker} manages={manages} />}
      />
      <Dialog open={enrols} onClose={() => setEnrols(false)} title="Enrol a worker">
        <EnrolForm
          onEnrolled={(made) => {
            setEnrols(false)
            setCode(made)
          }}
        />
      </Dialog>
      <ShownOnce
        title={`Enrol ${code?.name}`}
        texts={
          code && [
            {
              label: 'Type this on the machine',
              text: `claviger worker --server ${code.server ?? SERVER} --enrol`,
            },
            { label: 'It asks for this code', text: code.code },
          ]
        }
        onClose={() => setCode(null)}
      >
        <p className="text-sm text-soft">The code works once, for an hour.</p>
      </ShownOnce>
    </Section>
  )
}

// What holds up runs of whoever looks, by program: none is installed, or no worker is there.
function Untaken() {
  const harnesses = useRead('overview', {}).data?.harnesses ?? []
  const hints = new Set(harnesses.flatMap(({ enabled, untaken }) => (enabled && untaken ? [untaken] : [])))
  if (hints.size === 0) return null
  return (
    <Callout tone="warn">
      {[...hints].map((hint) => (
        <Hint key={hint} text={hint} />
      ))}
    </Callout>
  )
}

const TONES: Readonly<Record<Worker['state'], Tone>> = {
  expected: 'info',
  expired: 'warn',
  enrolled: 'good',
  revoked: 'plain',
}

function WorkerLine({ worker, manages }: { worker: Worker; manages: boolean }) {
  const { name, state, agent, version, server, programs, lastSeenAt, embedded, off, runs } = worker
  return (
    <>
      <What
        name={
          <>
            {name}{' '}
            {off === null ? <Badge tone={TONES[state]}>{state}</Badge> : <Badge tone="warn">off</Badge>}
          </>
        }
      >
        {embedded && <span>in the server</span>}
        {agent !== null && <span>as the agent {agent}</span>}
        {version !== null && <span>Claviger {version}</span>}
        {server !== null && !embedded && <span>by {server}</span>}
        {programs?.map((program) => (
          <span key={program.harness}>
            {harnessTitle(program.harness)} {program.version ?? ''}
          </span>
        ))}
        {programs?.length === 0 && <span>has no harness</span>}
        {lastSeenAt !== null && (
          <span>
            seen <RelativeTime time={lastSeenAt} />
          </span>
        )}
        {off !== null && (
          <span className="w-full text-warn">
            It takes no runs: {off}, and an agent in the server could read what the server can. Enrol a worker
            on another machine, or as another user of this one.
          </span>
        )}
        {state === 'enrolled' && off === null && <span>{runsInWords(runs)}</span>}
      </What>
      {manages && state !== 'revoked' && (
        <Remove
          operation="workers.revoke"
          input={{ name }}
          verb="Revoke"
          name={`the worker ${name}`}
          done={`The worker ${name} is revoked.`}
        >
          <p>Its code, its tokens and its leases end, at once. Runs that it carries out are interrupted.</p>
        </Remove>
      )}
    </>
  )
}

function runsInWords(runs: Worker['runs']): string {
  if (runs.length === 0) return 'no run now'
  const each = runs.map(({ harness, state }) => `${harnessTitle(harness)} ${state.replaceAll('_', ' ')}`)
  return `runs ${runs.length}: ${each.join(', ')}`
}

function EnrolForm({ onEnrolled }: { onEnrolled: (made: Enrolled) => void }) {
  const [name, setName] = useState('')
  const [agent, setAgent] = useState('')
  const agents = useRead('agents.list', {}).data?.agents ?? []
  const enrol = useChange('workers.enrol', onEnrolled)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    enrol.mutate({ name: name.trim(), ...(agent !== '' && { agent }) })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <TextField label="Name" required value={name} onChange={(event) => setName(event.target.value)} />
      <Select
        label="It runs as"
        value={agent}
        onChoose={setAgent}
        options={[
          { value: '', label: 'Nobody: it serves the runs of people' },
          ...agents.map((one) => ({ value: one.name, label: `The agent ${one.name}` })),
        ]}
      />
      <Notice error={enrol.error} />
      <Actions>
        <Button kind="primary" type="submit" busy={enrol.isPending}>
          Make the code
        </Button>
      </Actions>
    </form>
  )
}
