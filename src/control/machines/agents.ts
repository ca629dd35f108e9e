// Agents: named identities without a person. What refers to one refers to its name, so a deletion leaves nothing that a
// later agent of the same name could inherit.

import type { Output } from '../../api/schemas.ts'
import type { Caller } from '../../domain/caller.ts'
import { counted } from '../../domain/counted.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { checkName } from '../../domain/names.ts'
import { Secret } from '../../domain/secret.ts'
import { formatToken } from '../../domain/token.ts'
import { sha256 } from '../../lib/digest.ts'
import type { AgentRow, WorkerRow } from '../../store/machine-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { holdAgent } from '../find.ts'
import { type Act, absent } from '../guard.ts'
import { cancelRunsOf } from '../runs/leaving.ts'
import { tokenRow } from '../tokens.ts'
import type { Control, Result } from '../use-case.ts'
import { rfc3339, rfc3339OrNull } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { attachedCredentials } from './attachments.ts'
import { endWorker } from './workers.ts'

type AgentUseCases = Pick<
  Control,
  'agents.create' | 'agents.list' | 'agents.get' | 'agents.delete' | 'agents.token'
>

export function createAgentUseCases(workshop: Workshop): AgentUseCases {
  const { guard, store, now } = workshop
  return {
    async 'agents.create'(caller, { name, description }) {
      checkName(name)
      const { organizationId } = caller
      const row = { organizationId, name, description, createdAt: now(), createdBy: caller.name }
      await guard.perform(caller, async (unit, authorize) => {
        await authorize(act('agent.create', name))
        await unit.agents.insert(row)
      })
      return agentView(row)
    },
    async 'agents.list'(caller) {
      return { agents: (await store.agents.list(caller.organizationId)).map(agentView) }
    },
    'agents.get': (caller, { agent }) => describe(store, caller, agent),
    'agents.delete': (caller, { agent }) =>
      guard.perform(caller, async (unit, authorize) => {
        await holdAgent(unit, caller, agent)
        await authorize(act('agent.delete', agent))
        await mustOwnNothing(unit, caller, agent)
        const cleared = await clear(unit, caller, agent, now())
        await unit.agents.delete(caller.organizationId, agent)
        return { cleared }
      }),
    'agents.token': (caller, input) => makeToken(workshop, caller, input),
  }
}

async function describe(store: StoreGroups, caller: Caller, agent: string): Promise<Output<'agents.get'>> {
  const { organizationId } = caller
  const row = await store.agents.get(organizationId, agent)
  if (!row) throw absent('agent', agent)
  const tokens = await store.tokens.list(organizationId)
  return {
    ...agentView(row),
    owns: await countOwned(store, organizationId, agent),
    attached: await attachedCredentials(store, organizationId, agent),
    tokens: tokens
      .filter((one) => one.holderKind === 'agent' && one.holderId === agent && one.revokedAt === null)
      .map(({ name, expiresAt }) => ({ name, expiresAt: rfc3339OrNull(expiresAt) })),
    workers: (await liveWorkersOf(store, organizationId, agent)).map(({ name }) => name),
  }
}

async function makeToken(
  { guard, now, random }: Workshop,
  caller: Caller,
  { agent, name, expiresInSeconds }: Parameters<Control['agents.token']>[1],
): Promise<Result<'agents.token'>> {
  checkName(name)
  const token = formatToken(random(48))
  const createdAt = now()
  const expiresAt = expiresInSeconds === null ? null : createdAt + expiresInSeconds * 1000
  const made = tokenRow(caller, { name, role: 'agent', digest: sha256(token), createdAt, expiresAt })
  const row = { ...made, holderKind: 'agent', holderId: agent } as const
  await guard.perform(caller, async (unit, authorize) => {
    await authorize({
      action: 'token.create',
      needs: { general: 'manageMachines' },
      object: { kind: 'token', id: row.id, name },
      details: { agent, role: row.role, expires: rfc3339OrNull(expiresAt) ?? 'never' },
    })
    await holdAgent(unit, caller, agent)
    await unit.tokens.insert(row)
  })
  const [id, created, expires] = [row.id, rfc3339(createdAt), rfc3339OrNull(expiresAt)]
  return { id, name, agent, createdAt: created, expiresAt: expires, token: new Secret(token) }
}

async function mustOwnNothing(unit: StoreGroups, { organizationId }: Caller, agent: string): Promise<void> {
  const count = await countOwned(unit, organizationId, agent)
  if (count === 0) return
  throw new ClavigerError('conflict', `The agent ${agent} owns ${counted(count, 'credential')}.`, {
    hint: `Delete or move them first: claviger credential list --agent ${agent}`,
  })
}

async function countOwned(
  { holdings }: Pick<StoreGroups, 'holdings'>,
  organizationId: string,
  agent: string,
): Promise<number> {
  return (await holdings.countOwned(organizationId, 'agent'))[`agent:${agent}`] ?? 0
}

// Everything that refers to the agent by its name, in words.
async function clear(
  unit: StoreGroups,
  { organizationId }: Caller,
  agent: string,
  at: number,
): Promise<string[]> {
  const holder = { organizationId, kind: 'agent', id: agent } as const
  const attachments = await unit.attachments.ofAgent(organizationId, agent)
  const workers = await liveWorkersOf(unit, organizationId, agent)
  const channels = await takeFromChannels(unit, organizationId, agent)
  const tokens = await unit.tokens.revokeAllOf(holder, at)
  await unit.signals.send('holders', agent)
  await cancelRunsOf(unit, holder, at, 'the agent was deleted')
  let ended = await unit.holdings.endRunning(holder, at, 'the agent was deleted')
  for (const worker of workers) ended += await endWorker(unit, worker, at, 'the agent was deleted')
  return [
    ...(attachments.length === 0 ? [] : [counted(attachments.length, 'attachment')]),
    ...(tokens === 0 ? [] : [counted(tokens, 'token')]),
    ...workers.map(({ name }) => `the worker ${name}`),
    ...channels.map((name) => `serving the channel ${name}`),
    ...(ended === 0 ? [] : [counted(ended, 'running lease')]),
  ]
}

// A later agent of the same name serves nobody whom it was not chosen for.
async function takeFromChannels(
  { channels }: Pick<StoreGroups, 'channels'>,
  organizationId: string,
  agent: string,
): Promise<string[]> {
  const served = (await channels.list(organizationId)).filter((row) => row.agent === agent)
  for (const { id, revision } of served) await channels.update(id, revision, { agent: null })
  return served.map(({ name }) => name)
}

async function liveWorkersOf(
  { workers }: Pick<StoreGroups, 'workers'>,
  organizationId: string,
  agent: string,
): Promise<WorkerRow[]> {
  return (await workers.list(organizationId)).filter((row) => row.agent === agent && row.revokedAt === null)
}

function act(action: string, name: string): Act {
  return { action, needs: { general: 'manageMachines' }, object: { kind: 'agent', id: name, name } }
}

function agentView({ name, description, createdAt, createdBy }: AgentRow): Output<'agents.create'> {
  return { name, description, createdAt: rfc3339(createdAt), createdBy }
}
