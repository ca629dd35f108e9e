// Everybody who can ask for anything, as callers over the house, and the credentials they ask about: one of every kind of
// owner, in two organizations.

import type { Caller } from '../../src/domain/caller.ts'
import { createHouse, fakeKey, type House } from '../support/house.ts'
import type { PersonName } from '../support/people.ts'

const AGENT = { kind: 'agent', role: 'agent', teams: [] } as const
const WORKER = { kind: 'worker', role: 'worker', teams: [], id: 'worker-1', name: 'worker-1' } as const

/** Who asks → the caller that authentication would make of them. */
export const ACTORS = {
  owner: (house: House) => house.caller('ada'),
  admin: (house: House) => house.caller('ann'),
  'member, of the team': (house: House) => house.caller('bob'),
  'member, of another team': (house: House) => house.caller('cyd'),
  auditor: (house: House) => house.caller('aud'),
  'agent, with credentials': (house: House) =>
    house.caller('ada', { ...AGENT, id: 'nightly', name: 'nightly', agent: 'nightly' }),
  'agent, without': (house: House) =>
    house.caller('ada', { ...AGENT, id: 'idle', name: 'idle', agent: 'idle' }),
  'worker, without an agent': (house: House) => house.caller('ada', { ...WORKER, agent: null }),
  'worker, of an agent': (house: House) => house.caller('ada', { ...WORKER, agent: 'nightly' }),
  'handle of a lease': (house: House) => house.caller('bob', { tokenId: null, leaseId: 'lease_of_bob' }),
  'owner of another organization': (house: House) => house.caller('eve'),
} as const satisfies Record<string, (house: House) => Caller>

export type ActorName = keyof typeof ACTORS

export const ACTOR_NAMES = Object.keys(ACTORS) as ActorName[]

export interface Target {
  readonly organization: string
  readonly owner: string
  /** Who stores it. */
  readonly giver: PersonName
  /** Attached to the agent `nightly`. */
  readonly attached: boolean
}

const target = (organization: string, owner: string, giver: PersonName, attached = false): Target => {
  return { organization, owner, giver, attached }
}

/** One credential each. */
export const TARGETS: readonly Target[] = [
  target('org-acme', 'org', 'ada'),
  target('org-acme', 'team:platform', 'bob'),
  target('org-acme', 'team:platform', 'bob', true),
  target('org-acme', 'team:mobile', 'cyd'),
  target('org-acme', 'user:ada', 'ada'),
  target('org-acme', 'user:bob', 'bob'),
  target('org-acme', 'user:cyd', 'cyd'),
  target('org-acme', 'user:aud', 'aud'),
  target('org-acme', 'agent:nightly', 'ann'),
  target('org-acme', 'agent:idle', 'ann'),
  target('org-globex', 'org', 'eve'),
  target('org-globex', 'team:platform', 'eve'),
  target('org-globex', 'user:eve', 'eve'),
]

export interface Furnished {
  readonly house: House
  /** By target, in the order of TARGETS: the id of its credential. */
  readonly ids: readonly string[]
}

/** A house with one credential of two versions for every target. What the actors need to exist is made here first. */
export async function furnish(house = createHouse(), targets = TARGETS): Promise<Furnished> {
  for (const name of ['nightly', 'idle']) await house.ask('ann', 'agents.create', { name })
  await house.ask('eve', 'agents.create', { name: 'nightly' })
  const ids: string[] = []
  for (const [i, { giver, owner, attached }] of targets.entries()) {
    const id = await house.give(giver, owner, `one-${i}`)
    await house.ask(giver, 'credentials.update', { id, fields: { key: fakeKey(`second-${i}`) } })
    if (attached) await house.ask('ann', 'agents.attach', { agent: 'nightly', credential: id })
    ids.push(id)
  }
  return { house, ids }
}
