// What an entry of the audit log means for whoever looks at lists: which of them may have changed, as far as the caller
// may know. Pure. A kind of object that has no row here is told to those who read the audit log only.

import type { LiveTopic } from '../../api/live.ts'
import type { AuditEntry } from '../../domain/audit/entry.ts'
import { type Caller, may, mayCredential } from '../../domain/caller.ts'
import { type Owner, parseOwner } from '../../domain/owner.ts'
import { seesNameOnly } from '../guard.ts'

export interface Hint {
  readonly topic: LiveTopic
  /** Null: any of them. */
  readonly id: string | null
}

/** An entry, and who owns the credential it is about by now; null: it is about none, or one that is gone. */
export interface Happening {
  readonly entry: Pick<
    AuditEntry,
    'action' | 'actorKind' | 'actorId' | 'objectKind' | 'objectId' | 'outcome' | 'details'
  >
  readonly owner: string | null
}

/** What this caller is told of it. */
export function hintsOf(caller: Caller, { entry, owner }: Happening): Hint[] {
  const all: Hint[] = may(caller, 'readAudit') ? [{ topic: 'audit', id: null }] : []
  if (entry.outcome === 'refused') return all
  const told = TELLING[entry.objectKind]?.(caller, entry, owner) ?? []
  return [...told, ...all]
}

type Entry = Happening['entry']
type Tell = (caller: Caller, entry: Entry, owner: string | null) => readonly Hint[]

const TELLING: Readonly<Record<string, Tell>> = {
  credential: tellCredential,
  owner: (caller, { objectId }) =>
    describes(caller, ownerOf(objectId)) ? [{ topic: 'credentials', id: null }] : [],
  login: (caller, entry) => (isBy(caller, entry) ? [{ topic: 'logins', id: entry.objectId }] : []),
  harness: (caller, { action }) =>
    action.startsWith('harness.') && may(caller, 'readSettings') ? [{ topic: 'settings', id: null }] : [],
  policy: (caller) => (may(caller, 'readSettings') ? [{ topic: 'settings', id: null }] : []),
  token: (caller, entry) =>
    isBy(caller, entry) || may(caller, 'readAudit') ? [{ topic: 'tokens', id: null }] : [],
  member: tellPeople,
  team: tellPeople,
  invitation: tellPeople,
  agent: (caller) => (may(caller, 'readMachines') ? [{ topic: 'agents', id: null }] : []),
  worker: (caller) => (may(caller, 'readMachines') ? [{ topic: 'workers', id: null }] : []),
  // Which runs changed is told by signals; a worker has others now.
  run: (caller, { actorKind }) =>
    actorKind === 'worker' && may(caller, 'readMachines') ? [{ topic: 'workers', id: null }] : [],
  webhook: (caller) => (may(caller, 'manageSettings') ? [{ topic: 'webhooks', id: null }] : []),
  channel: (caller) => (may(caller, 'readSettings') ? [{ topic: 'channels', id: null }] : []),
  event: (caller) => (may(caller, 'readAudit') ? [{ topic: 'webhooks', id: null }] : []),
}

// They change nothing that a list shows.
const UNSHOWN = [
  'credential.reseal',
  'credential.test',
  'credential.test-new',
  'credential.unchanged',
  'grant.answer',
  'grant.unsent',
]

const SIGNED_IN = ['credential.sign-in', 'login.start']

// Whoever sees name and type only, and whether it works, learns nothing of its use, and of new values neither.
const OF_ITS_INSIDE = /^(credential\.(update|rollback|receive)|grant\.(renew|renewed|reported|revoke))$/

// How many of these somebody has is all that some may know of them.
const OF_THEIR_NUMBER = /^credential\.(create|import|sign-in|move|delete)$/

function tellCredential(caller: Caller, entry: Entry, current: string | null): readonly Hint[] {
  const { action, objectId: id } = entry
  const agents = action.startsWith('agent.') && may(caller, 'readMachines')
  if (agents)
    return [
      { topic: 'agents', id: null },
      { topic: 'usage', id },
    ]
  const owners = ownersIn(entry, current)
  const sees = owners.filter((owner) => describes(caller, owner))
  const counts =
    OF_THEIR_NUMBER.test(action) && owners.some(({ parsed }) => mayCredential(caller, 'exists', parsed))
  if (sees.length === 0 && counts) return [{ topic: 'credentials', id: null }]
  if (sees.length === 0 || UNSHOWN.includes(action)) return []
  const seesWhole = sees.some((owner) => !seesNameOnly(caller, owner))
  if (action.startsWith('lease.')) return seesWhole ? [{ topic: 'usage', id }] : []
  if (OF_ITS_INSIDE.test(action) && !seesWhole) return []
  // A sign-in of theirs may have become of it.
  const isTheirs = SIGNED_IN.includes(action) && isBy(caller, entry)
  return [{ topic: 'credentials', id }, ...(isTheirs ? [{ topic: 'logins', id: null } as const] : [])]
}

interface Owned {
  readonly owner: string
  readonly parsed: Owner
}

// Whom it belongs to now, and did before: who loses sight of it is told too.
function ownersIn({ action, details }: Entry, current: string | null): Owned[] {
  const moved = action === 'credential.move' ? details['to'] : undefined
  const texts = new Set([current, details['owner'], moved].filter((text) => typeof text === 'string'))
  return [...texts].map(ownerOf).filter((one) => one !== null)
}

const OWNER = /^(org|(team|user|agent):[A-Za-z0-9][A-Za-z0-9._-]{0,63})$/

function ownerOf(text: string): Owned | null {
  return OWNER.test(text) ? { owner: text, parsed: parseOwner(text) } : null
}

function describes(caller: Caller, owner: Owned | null): boolean {
  return owner !== null && mayCredential(caller, 'describe', owner.parsed)
}

function tellPeople(caller: Caller, entry: Entry): readonly Hint[] {
  const about: Hint[] = isAbout(caller, entry) ? [{ topic: 'self', id: null }] : []
  return may(caller, 'readPeople') ? [...about, { topic: 'members', id: null }] : about
}

// Themselves, or a team that they are in or come into.
function isAbout(caller: Caller, { objectKind, objectId, details }: Entry): boolean {
  if (caller.kind !== 'person') return false
  if (objectKind === 'member') return objectId === caller.id
  if (objectKind !== 'team') return false
  return caller.teams.includes(objectId) || [caller.id, caller.name].includes(String(details['member']))
}

function isBy({ kind, id }: Caller, { actorKind, actorId }: Entry): boolean {
  return kind === actorKind && id === actorId
}
