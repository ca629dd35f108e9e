// Which agents may use which credentials of the organization and of teams. A person's are never attached: they serve runs
// of that person only.

import type { Output } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { parseOwner } from '../../domain/owner.ts'
import { isAttachable } from '../../domain/resolution/resolve.ts'
import type { CredentialRow, StoreGroups } from '../../store/store.ts'
import { changedMeanwhile, findCredential, holdAgent, manage } from '../find.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

type AttachmentUseCases = Pick<Control, 'agents.attach' | 'agents.detach'>

export function createAttachmentUseCases({ guard, now }: Workshop): AttachmentUseCases {
  return {
    'agents.attach': (caller, { agent, credential }) =>
      guard.perform(caller, async (unit, authorize) => {
        await holdAgent(unit, caller, agent)
        const row = await findCredential(unit, caller, credential)
        // Giving it away takes the right to manage it.
        await authorize(await manage(unit, caller, 'agent.attach', row, { agent }))
        mustBeAttachable(row)
        const attached = await unit.attachments.attach({
          organizationId: caller.organizationId,
          agent,
          credentialId: row.id,
          attachedAt: now(),
          attachedBy: caller.name,
        })
        // A move to a person at the same time must not pass unseen: one of the two has to see the other.
        if (!(await unit.credentials.update(caller.organizationId, row.id, row.revision, {})))
          throw changedMeanwhile(row.name)
        return { attached }
      }),
    'agents.detach': (caller, { agent, credential }) =>
      guard.perform(caller, async (unit, authorize) => {
        await holdAgent(unit, caller, agent)
        const row = await findCredential(unit, caller, credential)
        await authorize(await manage(unit, caller, 'agent.detach', row, { agent }))
        if (!(await unit.attachments.detach(caller.organizationId, agent, row.id)))
          throw notAttached(row, agent)
        return { ended: await endLeasesOf(unit, row, agent, now()) }
      }),
  }
}

/** Takes the credential away from all agents; returns what was cleared, in words. */
export async function clearAttachments(unit: StoreGroups, row: CredentialRow, at: number): Promise<string[]> {
  const attachments = await unit.attachments.ofCredential(row.organizationId, row.id)
  await unit.attachments.detachAll(row.organizationId, row.id)
  for (const { agent } of attachments) await endLeasesOf(unit, row, agent, at)
  return attachments.map(attachmentTo)
}

/** An attachment among what refers to a credential. */
export function attachmentTo({ agent }: { readonly agent: string }): string {
  return `attached to the agent ${agent}`
}

/** What is attached to the agent, oldest first. */
export async function attachedCredentials(
  groups: Pick<StoreGroups, 'attachments' | 'credentials'>,
  organizationId: string,
  agent: string,
): Promise<Output<'agents.get'>['attached']> {
  const attachments = await groups.attachments.ofAgent(organizationId, agent)
  const found = attachments.map(async ({ credentialId, attachedAt, attachedBy }) => {
    const row = await groups.credentials.get(organizationId, credentialId)
    if (!row) return []
    const { id, name, owner, type, state } = row
    return [{ id, name, owner, type, state, attachedAt: rfc3339(attachedAt), attachedBy }]
  })
  return (await Promise.all(found)).flat()
}

// Running leases on it, of the agent itself and of the workers that run as it.
async function endLeasesOf(
  unit: StoreGroups,
  { organizationId, id: credentialId }: CredentialRow,
  agent: string,
  at: number,
): Promise<number> {
  const workers = (await unit.workers.list(organizationId)).filter((row) => row.agent === agent)
  const holders = [
    { organizationId, kind: 'agent', id: agent } as const,
    ...workers.map(({ id }) => ({ organizationId, kind: 'worker', id }) as const),
  ]
  let ended = 0
  for (const holder of holders)
    ended += await unit.holdings.endRunning(holder, at, 'the credential was detached', credentialId)
  await unit.signals.send('holders', agent)
  return ended
}

function mustBeAttachable({ name, owner }: CredentialRow): void {
  const of = parseOwner(owner)
  if (isAttachable(of)) return
  if (of.kind === 'user') {
    throw new ClavigerError('invalid', `${name} is personal: it serves its person's own runs and no agent.`, {
      hint: 'Attach one of the organization or of a team, or move it there first: claviger credential move',
    })
  }
  throw new ClavigerError('invalid', `${name} belongs to ${owner}, which uses it without an attachment.`, {
    hint: 'Only credentials of the organization and of teams are attached to agents.',
  })
}

function notAttached({ name }: CredentialRow, agent: string): ClavigerError {
  return new ClavigerError('not_found', `${name} is not attached to the agent ${agent}.`, {
    hint: `See what is: claviger admin agent show ${agent}`,
  })
}
