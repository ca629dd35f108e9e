// The worker of a server: a row and a token of its own, made without anybody asking. Inside of the server's process it serves
// the first person while they are the only one, because an agent that runs as the server's user can read what the server
// can. As a process of another user it is a worker like any other.

import type { AuditEntry } from '../../domain/audit/entry.ts'
import { asClavigerError, ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { formatCode, formatToken } from '../../domain/token.ts'
import type { Directory, FirstPeople, PeopleLists } from '../../identity/identity.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { WorkerRow } from '../../store/machine-groups.ts'
import type { StoreGroups, TokenRow } from '../../store/store.ts'
import type { TokenFile } from '../admin-token.ts'
import type { Guard, Upkeep } from '../guard.ts'
import { letGoRunsOf } from '../runs/leaving.ts'
import { tokenRow } from '../tokens.ts'
import type { Ports } from '../use-case.ts'

/** Which of the two it is. A row is of one kind for ever. */
export interface EmbeddedKind {
  readonly name: string
  /** No person's name: theirs are e-mails. */
  readonly madeBy: string
  /** A fact about the installation: whose worker has the name without a place. */
  readonly firstPlace: string
}

const INSIDE: EmbeddedKind = {
  ...{ name: 'embedded', madeBy: 'claviger serve', firstPlace: 'embedded-worker-place' },
}

export const APART: EmbeddedKind = {
  ...{ name: 'embedded-apart', madeBy: 'claviger serve, apart', firstPlace: 'embedded-apart-place' },
}

// A fact about the installation: whom the one inside serves.
const FIRST_PERSON = 'embedded-worker-for'
// Servers that start at the same time may be after the same name.
const MAX_TRIES = 5

const OFF = 'there is a second person'

type EmbeddedPorts = Pick<Ports, 'store' | 'now' | 'random'>

/** Id of the person it serves: whoever was first when this installation first had such a worker. */
export async function firstPerson({ store }: Pick<Ports, 'store'>, { owner }: FirstPeople): Promise<string> {
  return store.installation.putIfAbsent(FIRST_PERSON, owner.id)
}

/** Whether nobody but this person is a member of any organization. */
export async function isAlone(
  identity: Pick<Directory & PeopleLists, 'organizations' | 'listMembers'>,
  personId: string,
): Promise<boolean> {
  for (const { id } of await identity.organizations())
    if ((await identity.listMembers(id, { limit: 2 })).rows.some((one) => one.id !== personId)) return false
  return true
}

/** Whether it works inside of a server's process. */
export function isEmbedded(row: WorkerRow): boolean {
  return isOf(INSIDE, row)
}

function isOf({ madeBy }: EmbeddedKind, { createdBy }: WorkerRow): boolean {
  return createdBy === madeBy
}

/** Whether this worker is the server's own and may carry out nothing: it was not asked to serve one person, or others are there. */
export async function isOff(
  { store, identity }: Pick<Ports, 'store' | 'identity'>,
  { organizationId, id }: Pick<WorkerRow, 'organizationId' | 'id'>,
  onlyFor: string | undefined,
): Promise<boolean> {
  const row = await store.workers.get(organizationId, id)
  if (row === undefined || !isEmbedded(row)) return false
  return onlyFor === undefined || !(await isAlone(identity, onlyFor))
}

/** Why workers inside of servers carry out nothing now; null: they do. */
export async function whyOff({ store, identity }: Pick<Ports, 'store' | 'identity'>): Promise<string | null> {
  const first = await store.installation.get(FIRST_PERSON)
  return first === undefined || (await isAlone(identity, first)) ? null : OFF
}

/** Whether a server has a worker inside that serves this person, as soon as it has found a program. */
export async function isOnFor(
  { store, identity }: Pick<Ports, 'store' | 'identity'>,
  { subjectKind, subjectId }: { readonly subjectKind: string; readonly subjectId: string },
): Promise<boolean> {
  const first = await store.installation.get(FIRST_PERSON)
  return subjectKind === 'person' && first === subjectId && (await isAlone(identity, first))
}

/** The worker whose token the file holds, revoked or not. */
export async function findEmbedded(
  { store }: EmbeddedPorts,
  file: TokenFile,
  kind = INSIDE,
): Promise<WorkerRow | undefined> {
  const digest = await file.digest()
  const token = digest === null ? undefined : await store.tokens.findByDigest(digest)
  if (token?.holderKind !== 'worker') return undefined
  const row = await store.workers.get(token.organizationId, token.holderId)
  return row !== undefined && isOf(kind, row) ? row : undefined
}

/**
 * Sees to it that there is a worker, and its token in the file; null when it was revoked, which holds as long as its file
 * is there. The file is written before the rows, so that a start cut short is completed by the next. `place` tells the
 * state directories of the servers of one database apart, and is null where there can be one only: the first one's
 * worker has the name of its kind, any other's that with its place. Throws `conflict` when somebody else's worker has that name.
 */
export async function ensureEmbedded(
  ports: EmbeddedPorts,
  people: FirstPeople,
  file: TokenFile,
  place: string | null,
  kind = INSIDE,
): Promise<WorkerRow | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ensureOnce(ports, people, { file, place, kind })
    } catch (thrown) {
      if (tries === MAX_TRIES || asClavigerError(thrown).code !== 'conflict') throw thrown
    }
  }
}

interface Wanted {
  readonly file: TokenFile
  readonly place: string | null
  readonly kind: EmbeddedKind
}

async function ensureOnce(
  ports: EmbeddedPorts,
  { organization: { id: organizationId } }: FirstPeople,
  { file, place, kind }: Wanted,
): Promise<WorkerRow | null> {
  const { store, now, random } = ports
  const mine = await findEmbedded(ports, file, kind)
  if (mine !== undefined && mine.revokedAt !== null) return null
  const name = await nameOf(store, organizationId, { place, kind }, mine)
  const digest = await file.digest()
  const known = digest === null ? undefined : await store.tokens.findByDigest(digest)
  if (mine?.name === name && known?.revokedAt === null) return mine
  // A token that is in use, or was, says somebody else by now.
  const kept = digest !== null && known === undefined ? digest : await writeNew(ports, file)
  const at = now()
  return store.atomically(async (unit) => {
    const row = await workerNamed(unit, organizationId, name, kind)
    const made = row ?? newRow(kind, organizationId, name, { code: formatCode('enrol', random(48)), at })
    if (row === undefined) await unit.workers.insert(made)
    await unit.tokens.revokeAllOf({ organizationId, kind: 'worker', id: made.id }, at)
    await unit.signals.send('holders', made.id)
    const caller = { organizationId, id: made.id, name: kind.madeBy }
    const wanted = { name: `worker:${name}`, role: 'worker', digest: kept } as const
    const token = tokenRow(caller, { ...wanted, createdAt: at, expiresAt: null })
    await unit.audit.append(joinedEntry(made, token, kind))
    await unit.tokens.insert({ ...token, holderKind: 'worker' })
    return made
  })
}

// A worker of that name whose place nobody has noted came with the database from elsewhere: its machine may be back.
async function nameOf(
  store: Ports['store'],
  organizationId: string,
  { place, kind: { name, firstPlace } }: Pick<Wanted, 'place' | 'kind'>,
  mine: WorkerRow | undefined,
): Promise<string> {
  if (place === null) return name
  const noted = await store.installation.get(firstPlace)
  const rows = await store.workers.list(organizationId)
  const isTaken = rows.some((one) => one.name === name && one.revokedAt === null && one.id !== mine?.id)
  const first = noted ?? (isTaken ? '' : await store.installation.putIfAbsent(firstPlace, place))
  return first === place ? name : `${name}-${place}`
}

async function workerNamed(unit: StoreGroups, organizationId: string, name: string, kind: EmbeddedKind) {
  const rows = await unit.workers.list(organizationId)
  const row = rows.find((one) => one.name === name && one.revokedAt === null)
  if (row === undefined || isOf(kind, row)) return row
  throw new ClavigerError('conflict', `Another worker is called ${name}.`, {
    hint: `Revoke it: claviger admin worker revoke ${name}`,
  })
}

// Its code is nobody's, and used up.
function newRow(
  { madeBy }: EmbeddedKind,
  organizationId: string,
  name: string,
  { code, at }: { readonly code: string; readonly at: number },
): WorkerRow {
  return {
    ...{ id: newId('wrk'), organizationId, name, agent: null, enrolmentDigest: sha256(code) },
    ...{ enrolmentExpiresAt: at, createdAt: at, createdBy: madeBy },
    ...{ enrolledAt: at, revokedAt: null, lastSeenAt: null, machine: null, processes: [] },
  }
}

async function writeNew({ random }: EmbeddedPorts, file: TokenFile): Promise<string> {
  const token = formatToken(random(48))
  await file.write(new Secret(token))
  return sha256(token)
}

function joinedEntry(
  { id, organizationId, name }: WorkerRow,
  { createdAt }: TokenRow,
  { madeBy }: EmbeddedKind,
): AuditEntry {
  return {
    ...{ id: newId('aud'), organizationId, at: createdAt },
    ...{ actorKind: 'server', actorId: 'serve', actorName: madeBy },
    ...{ action: 'worker.join', objectKind: 'worker', objectId: id, objectName: name },
    ...{ outcome: 'allowed', details: {}, requestId: '' },
  }
}

export interface LettingGo extends Pick<Ports, 'store' | 'now' | 'server'> {
  readonly guard: Guard
}

/** Gives back what it has, for other workers to take: it carries out nothing any more. */
export async function letGoEmbedded(
  ports: LettingGo,
  { organizationId, id, name }: WorkerRow,
): Promise<void> {
  const { store, guard, now, server } = ports
  if ((await store.runs.list(organizationId, { worker: id }, { limit: 1 })).length === 0) return
  const actor: Upkeep = { kind: 'server', id: server.id, organizationId, requestId: newId('req') }
  await guard.perform(actor, async (unit, authorize) => {
    const object = { kind: 'worker', id, name } as const
    await authorize({ action: 'worker.off', needs: { upkeep: true }, object, details: { reason: OFF } })
    await letGoRunsOf(unit, { organizationId, id }, now(), `the server carries out no runs: ${OFF}`)
  })
}
