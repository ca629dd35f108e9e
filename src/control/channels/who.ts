// Who a run is for that was asked for from outside. Accounts are compared by provider and id; who is a member is looked up at
// this moment, and what people are called over there is only shown.

import type { Caller } from '../../domain/caller.ts'
import type { Account, Call } from '../../domain/channels/call.ts'
import { type Served, servedAs } from '../../domain/channels/serving.ts'
import type { ChannelRow } from '../../store/channels/channel-groups.ts'
import { agentCaller } from '../machines/callers.ts'
import type { Ports } from '../use-case.ts'

type WhoPorts = Pick<Ports, 'identity' | 'store'>

/** Whoever is served, as a caller; null: nobody. */
export interface Serving {
  readonly served: Served
  readonly caller: Caller | null
  /** Whether a member asks. */
  readonly isMember: boolean
}

export async function servingOf(
  ports: WhoPorts,
  channel: ChannelRow,
  { author, checkout }: Call,
  requestId: string,
): Promise<Serving> {
  const member = await memberOf(ports, channel, author, requestId)
  const agent = await agentOf(ports, channel, requestId)
  const served = servedAs(
    { isMember: member !== null, code: await codeOf(ports, channel, checkout) },
    { strangers: channel.strangers, agent: agent !== null },
  )
  const callers = { person: member, agent, nobody: null }
  return { served, caller: callers[served.as], isMember: member !== null }
}

/** The member whose account this is, as a caller; null: it is nobody's here. */
export async function memberOf(
  { identity }: WhoPorts,
  { organizationId }: Pick<ChannelRow, 'organizationId'>,
  { accounts, accountId, isBot }: Account,
  requestId: string,
): Promise<Caller | null> {
  if (isBot) return null
  const id = await identity.linkedPerson(accounts, accountId)
  const person = id === null ? undefined : await identity.person(organizationId, id)
  if (person === undefined) return null
  const { email: name, role, teams } = person
  return {
    ...{ organizationId, kind: 'person', id: person.id, name, role, teams, agent: null },
    ...none(requestId),
  }
}

async function agentOf(
  { store }: WhoPorts,
  { organizationId, agent }: ChannelRow,
  requestId: string,
): Promise<Caller | null> {
  const row = agent === null ? undefined : await store.agents.get(organizationId, agent)
  return row === undefined ? null : { ...agentCaller(row), ...none(requestId) }
}

// Whoever asks over there has no token of ours, and operates nothing.
function none(requestId: string): Pick<Caller, 'operator' | 'tokenId' | 'leaseId' | 'requestId'> {
  return { operator: false, tokenId: null, leaseId: null, requestId }
}

async function codeOf(
  ports: WhoPorts,
  channel: ChannelRow,
  checkout: Call['checkout'],
): Promise<'ours' | 'fork' | 'stranger'> {
  const pull = checkout?.pull ?? null
  if (pull === null) return 'ours'
  if (pull.isFork) return 'fork'
  return (await memberOf(ports, channel, pull.author, '')) === null ? 'stranger' : 'ours'
}
