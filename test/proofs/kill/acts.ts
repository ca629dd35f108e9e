// The writes of the proof: each as the call it makes, the audit rows it must leave, and what is true once it happened.

import type { CredentialType } from '../../../src/domain/credential-types.ts'
import type { Call } from '../connection.ts'
import type { Random } from '../random.ts'
import {
  addVersion,
  currentValues,
  forgetCredential,
  type Known,
  type KnownCredential,
  leaveOrder,
} from './known.ts'

/** What an act made, as its answer says, or as its audit row does when the answer never came. */
export interface Made {
  readonly id: string
  /** A token or handle; null when the answer never came. */
  readonly secret: string | null
}

export interface Act {
  /** Also the request id, which is how the audit rows are found. */
  readonly id: string
  /** The actions of its audit rows, in order. The last one is written in one unit with the change itself. */
  readonly rows: readonly string[]
  send(call: Call): Promise<Made>
  /** Brings what is known up to date once the act is known to have happened. */
  apply(made: Made): void
}

/** The owners whose credentials the first person may manage and use. */
export type Owners = readonly [string, ...string[]]

const NOTHING: Made = { id: '', secret: null }
const TYPES: readonly CredentialType[] = [
  'claude/api-key',
  'codex/api-key',
  'claude/bedrock-access-key',
  'raw',
]
const MOST_CREDENTIALS = 7
const MOST_TOKENS = 4
const MOST_LEASES = 6
// Names that several writers go for: only one may get each.
const CONTESTED_NAMES = 5

type MakeAct = (id: string, known: Known, random: Random, owners: Owners) => Act | null

/** The next act of a writer: any that makes sense with what it knows. */
export function nextAct(id: string, known: Known, random: Random, owners: Owners): Act {
  for (;;) {
    const act = random.pick(MAKERS)(id, known, random, owners)
    if (act !== null) return act
  }
}

function create(id: string, known: Known, random: Random, owners: Owners): Act | null {
  if (known.credentials.size >= MOST_CREDENTIALS) return null
  const [type, owner] = [random.pick(TYPES), random.pick(owners)]
  const [name, fields] = [newName(id, type, random), newFields(id, type, random)]
  return {
    id,
    rows: ['credential.create'],
    async send(call) {
      const made = await call(id, 'credentials.create', { type, owner, name, description: id, fields })
      return { id: made.id, secret: null }
    },
    apply({ id: credentialId }) {
      const values = new Map([[1, fields]])
      const made = { id: credentialId, type, owner, name, description: id, version: 1, values }
      known.credentials.set(credentialId, made)
    },
  }
}

function updateValue(id: string, known: Known, random: Random): Act | null {
  const credential = anyOf(known, random)
  if (credential === null) return null
  const all = Object.entries(newFields(id, credential.type, random))
  const given = Object.fromEntries(random.oneIn(2) ? all : [random.pick(all)])
  const kept = Object.keys(currentValues(credential)).some((field) => given[field] === undefined)
  // A field that the type has and nobody ever gave is asked for as well.
  const rows = kept || lacksSessionToken(credential, given) ? ['credential.reseal'] : []
  return {
    id,
    rows: [...rows, 'credential.update'],
    send: (call) => done(call(id, 'credentials.update', { id: credential.id, fields: given })),
    apply: () => addVersion(credential, { ...currentValues(credential), ...given }),
  }
}

function updateDescription(id: string, known: Known, random: Random): Act | null {
  const credential = anyOf(known, random)
  if (credential === null) return null
  return {
    id,
    rows: ['credential.update'],
    send: (call) => done(call(id, 'credentials.update', { id: credential.id, description: id })),
    apply: () => {
      credential.description = id
    },
  }
}

function rollBack(id: string, known: Known, random: Random): Act | null {
  const credential = anyOf(known, random)
  const older = [...(credential?.values ?? [])].filter(([version]) => version !== credential?.version)
  if (credential === null || older.length === 0) return null
  const [version, values] = random.pick(older)
  return {
    id,
    rows: ['credential.reseal', 'credential.rollback'],
    send: (call) => done(call(id, 'credentials.rollback', { id: credential.id, version })),
    apply: () => addVersion(credential, values),
  }
}

function rename(id: string, known: Known, random: Random): Act | null {
  const credential = anyOf(known, random)
  if (credential === null) return null
  const name = newName(id, credential.type, random)
  if (name === credential.name) return null
  return {
    id,
    rows: ['credential.rename'],
    send: (call) => done(call(id, 'credentials.rename', { id: credential.id, name })),
    apply: () => {
      credential.name = name
    },
  }
}

function move(id: string, known: Known, random: Random, owners: Owners): Act | null {
  const credential = anyOf(known, random)
  const owner = random.pick(owners)
  if (credential === null || owner === credential.owner) return null
  return {
    id,
    rows: ['credential.move', 'credential.receive'],
    send: (call) => done(call(id, 'credentials.move', { id: credential.id, owner })),
    apply: () => {
      credential.owner = owner
      leaveOrder(known, credential.id)
    },
  }
}

function setOrder(id: string, known: Known, random: Random): Act | null {
  const { order } = known
  if (order === null) return null
  const { harness } = order
  const own = [...known.credentials.values()].filter(
    ({ owner, type }) => owner === 'org' && type.startsWith(`${harness}/`),
  )
  const credentials = random.shuffled(own.map((one) => one.id)).slice(0, random.between(0, own.length))
  return {
    id,
    rows: ['credential.order'],
    send: (call) => done(call(id, 'credentials.setOrder', { owner: 'org', harness, credentials })),
    apply: () => {
      order.ids = credentials
    },
  }
}

function remove(id: string, known: Known, random: Random): Act | null {
  const credential = anyOf(known, random)
  if (credential === null || known.credentials.size < 3) return null
  return {
    id,
    rows: ['credential.delete'],
    send: (call) => done(call(id, 'credentials.delete', { id: credential.id })),
    apply: () => forgetCredential(known, credential.id),
  }
}

function lease(id: string, known: Known, random: Random): Act | null {
  const credential = anyOf(known, random)
  if (credential === null || credential.type === 'raw') return null
  if ([...known.leases.values()].filter((one) => one.running).length >= MOST_LEASES) return null
  const harness = credential.type.startsWith('claude/') ? 'claude' : 'codex'
  return {
    id,
    rows: ['lease.create'],
    async send(call) {
      const input = { harness, credential: credential.id, raw: false } as const
      const made = await call(id, 'leases.create', input)
      return { id: made.id, secret: made.handle }
    },
    apply(made) {
      const one = { id: made.id, handle: made.secret, credentialId: credential.id, running: true }
      known.leases.set(made.id, one)
    },
  }
}

function endLease(id: string, known: Known, random: Random): Act | null {
  const running = [...known.leases.values()].filter((one) => one.running)
  if (running.length === 0) return null
  const one = random.pick(running)
  return {
    id,
    rows: ['lease.end'],
    send: (call) => done(call(id, 'leases.end', { id: one.id })),
    apply: () => {
      one.running = false
    },
  }
}

function createToken(id: string, known: Known): Act | null {
  if ([...known.tokens.values()].filter((one) => !one.revoked).length >= MOST_TOKENS) return null
  return {
    id,
    rows: ['token.create'],
    async send(call) {
      const made = await call(id, 'tokens.create', { name: id, role: 'member', expiresInSeconds: null })
      return { id: made.id, secret: made.token }
    },
    apply({ secret }) {
      known.tokens.set(id, { name: id, token: secret, revoked: false })
    },
  }
}

function revokeToken(id: string, known: Known, random: Random): Act | null {
  const live = [...known.tokens.values()].filter((one) => !one.revoked)
  if (live.length === 0) return null
  const one = random.pick(live)
  return {
    id,
    rows: ['token.revoke'],
    send: (call) => done(call(id, 'tokens.revoke', { name: one.name })),
    apply: () => {
      one.revoked = true
    },
  }
}

// What is done more often stands here more than once.
const MAKERS: readonly MakeAct[] = [
  ...[create, create, updateValue, updateValue, updateDescription, rollBack, rename, move, setOrder],
  ...[remove, lease, lease, endLease, createToken, revokeToken],
]

async function done(answer: Promise<unknown>): Promise<Made> {
  await answer
  return NOTHING
}

function anyOf({ credentials }: Known, random: Random): KnownCredential | null {
  return credentials.size === 0 ? null : random.pick([...credentials.values()])
}

function newName(id: string, type: CredentialType, random: Random): string {
  const contested = type !== 'raw' && random.oneIn(5)
  return contested ? `contested_${random.below(CONTESTED_NAMES)}` : `own_${id}`
}

// Obviously made up, and another text each time.
function newFields(id: string, type: CredentialType, random: Random): Record<string, string> {
  if (type === 'claude/api-key') return { key: `sk-ant-test-${id}` }
  if (type === 'codex/api-key') return { key: `sk-test-${id}-openai`, baseUrl: `https://example.test/${id}` }
  if (type === 'raw') return { value: `line one of ${id}\nline two` }
  return {
    accessKeyId: `AKIA${id.toUpperCase().replaceAll('_', '0').padEnd(16, '0')}`,
    secretAccessKey: `made-up-secret-${id}`,
    region: random.pick(['us-east-1', 'eu-west-1', 'ap-south-1']),
  }
}

function lacksSessionToken({ type }: KnownCredential, given: Readonly<Record<string, string>>): boolean {
  return type === 'claude/bedrock-access-key' && given['sessionToken'] === undefined
}
