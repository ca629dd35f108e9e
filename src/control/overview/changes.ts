// What changed lately, from the audit log, as far as the caller may know: everything for those who read the log; for others
// what they did themselves, and what was done to what they see the whole of.

import type { Output } from '../../api/schemas.ts'
import type { ChainedEntry } from '../../domain/audit/chain.ts'
import { type Caller, may, mayCredential } from '../../domain/caller.ts'
import { parseOwner } from '../../domain/owner.ts'
import { seesNameOnly } from '../guard.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

type Change = Output<'overview'>['changes'][number]

// Entries that are looked at, and those that are shown.
const LOOKED_AT = 1_000
const AT_MOST = 20

export async function changesFor({ store }: Workshop, caller: Caller): Promise<Change[]> {
  const { organizationId } = caller
  const { position } = await store.audit.head(organizationId)
  const after = Math.max(0, position - LOOKED_AT)
  const entries = await store.audit.list(organizationId, { after, limit: LOOKED_AT })
  return entries
    .filter(
      (entry) => entry.outcome === 'allowed' && DONE[entry.action] !== undefined && isKnown(caller, entry),
    )
    .reverse()
    .slice(0, AT_MOST)
    .map(changeView)
}

function isKnown(caller: Caller, { actorKind, actorId, objectKind, details }: ChainedEntry): boolean {
  if (may(caller, 'readAudit')) return true
  if (actorKind === caller.kind && actorId === caller.id) return true
  if (objectKind === 'harness' || objectKind === 'policy') return may(caller, 'readSettings')
  const { owner } = details
  if (objectKind !== 'credential' || typeof owner !== 'string') return false
  return mayCredential(caller, 'describe', parseOwner(owner)) && !seesNameOnly(caller, { owner })
}

function changeView(entry: ChainedEntry): Change {
  const { at, action, actorName } = entry
  const object = { kind: entry.objectKind, id: entry.objectId, name: entry.objectName }
  return {
    at: rfc3339(at),
    actor: { kind: entry.actorKind, id: entry.actorId, name: actorName },
    ...{ action, object },
    sentence: `${actorName} ${DONE[action]?.(object.name)}.`,
  }
}

// What is worth telling, as what somebody did.
const DONE: Readonly<Record<string, (name: string) => string>> = {
  'credential.create': (name) => `stored ${name}`,
  'credential.import': (name) => `imported ${name}`,
  'credential.sign-in': (name) => `signed in for ${name}`,
  'credential.update': (name) => `changed ${name}`,
  'credential.rollback': (name) => `went back to an older value of ${name}`,
  'credential.rename': (name) => `renamed ${name}`,
  'credential.move': (name) => `moved ${name}`,
  'credential.delete': (name) => `deleted ${name}`,
  'credential.state': (name) => `saw that ${name} does otherwise now`,
  'credential.order': (name) => `changed the order of ${name}`,
  'grant.refused': (name) => `was refused when renewing ${name}`,
  'grant.recovered': (name) => `could renew ${name} again`,
  'grant.quarantined': (name) => `set ${name} aside until it is verified`,
  'harness.enable': (name) => `switched ${name} on`,
  'harness.disable': (name) => `switched ${name} off`,
  'policy.set': (name) => `changed the subscriptions policy of ${name}`,
  'member.update': (name) => `changed the role of ${name}`,
  'member.rename': () => 'changed their name',
  'organization.rename': (name) => `named the organization ${name}`,
  'member.remove': (name) => `removed ${name}`,
  'member.leave': () => 'left the organization',
  'team.create': (name) => `made the team ${name}`,
  'team.delete': (name) => `deleted the team ${name}`,
  'team.join': (name) => `added somebody to the team ${name}`,
  'team.leave': (name) => `took somebody out of the team ${name}`,
  'invitation.create': (name) => `invited ${name}`,
  'invitation.accept': () => 'joined the organization',
  'agent.create': (name) => `made the agent ${name}`,
  'agent.delete': (name) => `deleted the agent ${name}`,
  'agent.attach': (name) => `attached ${name} to an agent`,
  'agent.detach': (name) => `detached ${name} from an agent`,
  'worker.enrol': (name) => `expects the worker ${name}`,
  'worker.join': (name) => `joined as the worker ${name}`,
  'worker.revoke': (name) => `revoked the worker ${name}`,
  'webhook.create': (name) => `added the webhook ${name}`,
  'webhook.remove': (name) => `removed the webhook ${name}`,
  'channel.create': (name) => `added the channel ${name}`,
  'channel.update': (name) => `changed the channel ${name}`,
  'channel.remove': (name) => `removed the channel ${name}`,
  'token.create': (name) => `made the token ${name}`,
  'token.revoke': (name) => `revoked the token ${name}`,
  'run.create': () => 'started a run',
}
