// The one door. Every use-case that changes something or hands something out goes through here: the permission is
// checked and the audit row written in the same unit as the change, durably, before any plaintext exists. If the audit
// cannot be written the call fails. This file is the only caller of `vault.open`.

import type { AuditEntry } from '../domain/audit/entry.ts'
import { type Caller, type GeneralRight, may, mayCredential, type Right } from '../domain/caller.ts'
import { ClavigerError, type ErrorOptions } from '../domain/errors.ts'
import { printable } from '../domain/names.ts'
import { formatOwner, type Owner, parseOwner } from '../domain/owner.ts'
import type { Secret } from '../domain/secret.ts'
import { newId } from '../lib/id.ts'
import type { AddingUnit, CredentialRow, DataKeyRow, Store, StoreGroups } from '../store/store.ts'
import type { KeyContext, Vault } from '../vault/vault.ts'

/** What is about to happen to what, and the right it needs. */
export interface Act {
  readonly action: string
  readonly needs: // `into`: the caller named the owner, and wants the object there or in another order; nothing is hidden from them.
  // `attached`: it is attached to the agent that the caller runs as.
    | { readonly right: Right; readonly owner: Owner; readonly into?: true; readonly attached?: boolean }
    | { readonly general: GeneralRight }
    | { readonly lease: string }
    // A one-time code that the question holds: what is wrong with it, or null when it is good.
    | { readonly code: ClavigerError | null }
    // The server does it by itself: nobody can ask for it.
    | { readonly upkeep: true }
    // A rule of the organization forbids it, whoever asks: refused with this error.
    | { readonly forbiddenBy: ClavigerError }
  readonly object: { readonly kind: string; readonly id: string; readonly name: string }
  readonly details?: AuditEntry['details']
  /** What to type instead, said when it is refused. */
  readonly instead?: string
}

/** Checks and audits one act inside a unit. Throws `forbidden`, or `not_found` where even existence is not theirs to know. */
export type Authorize = (act: Act) => Promise<void>

/** A sealed version that was authorized and is to be opened once the audit row is durable. */
export interface Sealed {
  readonly row: DataKeyRow
  readonly version: number
  /** All values of the version. */
  readonly values: Readonly<Record<string, Uint8Array>>
  /** Open these fields only. */
  readonly only?: readonly string[]
}

/** The server itself, which looks after what an organization keeps. */
export interface Upkeep extends Pick<Caller, 'organizationId' | 'requestId'> {
  readonly kind: 'server'
  /** Which of the servers. */
  readonly id: string
}

/** Who acts. */
export type Actor = Caller | Upkeep

export interface Guard {
  /** For what must be known before the work: throws and records a refusal as `perform` would; records nothing else. */
  check(caller: Caller, act: Act): Promise<void>
  /** Runs `work` as one atomic unit. It must authorize before it changes anything; without that the unit fails. */
  perform<T>(actor: Actor, work: (unit: StoreGroups, authorize: Authorize) => Promise<T>): Promise<T>
  /** As `perform`; what `work` names in `open` is opened after the unit is durable, each only if it was authorized. */
  release<T>(
    actor: Actor,
    work: (unit: StoreGroups, authorize: Authorize) => Promise<{ result: T; open: readonly Sealed[] }>,
  ): Promise<{ result: T; opened: Record<string, Secret>[] }>
  /** As `release`, for work that changes nothing that exists and only adds: many at a time cost little. */
  issue<T>(
    caller: Caller,
    work: (unit: AddingUnit, authorize: Authorize) => Promise<{ result: T; open: readonly Sealed[] }>,
  ): Promise<{ result: T; opened: Record<string, Secret>[] }>
}

export interface GuardDependencies {
  readonly store: Store
  readonly vault: Vault
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What of a row its data key is bound to. */
export type KeyPlace = Omit<DataKeyRow, 'wrappedKey'>

/** The error for a credential whose sealed value does not open, whatever the reason: it names the credential. */
export function doesNotOpen(name: string, options: ErrorOptions): ClavigerError {
  return new ClavigerError(
    'unavailable',
    `The sealed value of the credential ${printable(name)} does not open.`,
    { ...options, logged: 'The sealed value of a credential does not open.' },
  )
}

/** Whether every value of a sealed version opens with this key. Nothing of what is inside is let out. */
export function opens(vault: Vault, sealed: Sealed): boolean {
  try {
    openFields(vault, sealed, Object.keys(sealed.values))
    return true
  } catch (thrown) {
    if (thrown instanceof ClavigerError) return false
    throw thrown
  }
}

/**
 * Every value of a sealed version, for a person's own file in which it is kept (profiles/). That is not a release, and no
 * row of the audit says so: the file is where it came from, or where its owner has asked for it to be.
 */
export function openToKeep(vault: Vault, sealed: Sealed): Record<string, Secret> {
  return openFields(vault, sealed, Object.keys(sealed.values))
}

// Each of these fields with its value, bound to its place. Throws what the vault throws.
function openFields(
  vault: Vault,
  { row, version, values }: Sealed,
  wanted: readonly string[],
): Record<string, Secret> {
  const opened: Record<string, Secret> = {}
  const { organizationId, id: credentialId } = row
  const fields = Object.keys(values).sort()
  for (const [field, bytes] of Object.entries(values)) {
    if (!wanted.includes(field)) continue
    const place = { organizationId, credentialId, field, version, fields }
    opened[field] = vault.open(row.wrappedKey, keyContext(row), place, bytes)
  }
  return opened
}

/** Where the data key of a credential belongs. */
export function keyContext(row: KeyPlace): KeyContext {
  const { organizationId, id: credentialId, owner, type, name, version } = row
  return { organizationId, credentialId, owner, type, name, version }
}

type Work<Unit, T> = (unit: Unit, authorize: Authorize) => Promise<T>

type Unit = Pick<AddingUnit, 'audit'>

export function createGuard({ store, vault, now }: GuardDependencies): Guard {
  async function run<U extends Unit, T>(
    atomically: (work: (unit: U) => Promise<T>) => Promise<T>,
    actor: Actor,
    work: (unit: U, authorize: Authorize, authorized: Set<string>) => Promise<T>,
  ): Promise<T> {
    let refused: Act | null = null
    try {
      return await atomically(async (unit) => {
        // What an earlier run was allowed or refused does not count for this one.
        const authorized = new Set<string>()
        refused = null
        const authorize: Authorize = async (act) => {
          const allowed = permits(actor, act)
          if (!allowed) {
            refused = act
            throw refusal(actor, act)
          }
          await unit.audit.append(entry(actor, act, 'allowed', now()))
          authorized.add(act.object.id)
        }
        const result = await work(unit, authorize, authorized)
        if (authorized.size === 0)
          throw new ClavigerError('internal', 'A use-case forgot to ask for permission.')
        return result
      })
    } catch (thrown) {
      // The unit was taken back, the refusal's own row with it: write that row now, or fail because it cannot be.
      if (refused !== null) await store.audit.append(entry(actor, refused, 'refused', now()))
      throw thrown
    }
  }

  async function release<U extends Unit, T>(
    atomically: <R>(work: (unit: U) => Promise<R>) => Promise<R>,
    actor: Actor,
    work: Work<U, { result: T; open: readonly Sealed[] }>,
  ): Promise<{ result: T; opened: Record<string, Secret>[] }> {
    const { result, open: toOpen } = await run<U, Awaited<ReturnType<typeof work>>>(
      atomically,
      actor,
      async (unit, authorize, authorized) => {
        const planned = await work(unit, authorize)
        const unasked = planned.open.find(({ row }) => !authorized.has(row.id))
        if (unasked) throw new ClavigerError('internal', 'A use-case tried to open what it did not ask for.')
        return planned
      },
    )
    return { result, opened: toOpen.map(open) }
  }

  function open(sealed: Sealed): Record<string, Secret> {
    try {
      return openFields(vault, sealed, sealed.only ?? Object.keys(sealed.values))
    } catch (thrown) {
      if (!(thrown instanceof ClavigerError)) throw thrown
      const { hint = '', detail = '' } = thrown
      throw doesNotOpen(sealed.row.name, { hint, detail, cause: thrown })
    }
  }

  return {
    async check(caller, act) {
      if (!permits(caller, act)) await run(store.atomically, caller, (_, authorize) => authorize(act))
    },
    perform: (actor, work) =>
      run(store.atomically, actor, (unit: StoreGroups, authorize: Authorize) => work(unit, authorize)),
    release: (actor, work) => release(store.atomically, actor, work),
    issue: (caller, work) => release(store.additively, caller, work),
  }
}

function permits(actor: Actor, act: Act): boolean {
  if (actor.kind === 'server' || 'upkeep' in act.needs)
    return actor.kind === 'server' && 'upkeep' in act.needs
  return mayDo(actor, act.needs)
}

function mayDo(caller: Caller, needs: Exclude<Act['needs'], { upkeep: true }>): boolean {
  if ('forbiddenBy' in needs) return false
  if ('lease' in needs) return caller.leaseId === null || caller.leaseId === needs.lease
  if (caller.leaseId !== null) return false
  if ('code' in needs) return needs.code === null
  if ('general' in needs) return may(caller, needs.general)
  return mayCredential(caller, needs.right, needs.owner, needs.attached)
}

function refusal(actor: Actor, { needs, object, instead }: Act): ClavigerError {
  if (actor.kind === 'server' || 'upkeep' in needs)
    return new ClavigerError(
      'internal',
      'What the server does by itself and what it is asked for were mixed up.',
    )
  const caller = actor
  if ('forbiddenBy' in needs) return needs.forbiddenBy
  if ('lease' in needs) return absent(object.kind, object.id)
  if (caller.leaseId !== null) return byHandle()
  if ('code' in needs) return needs.code ?? forbidden('This code is not good.', instead)
  if (!('owner' in needs)) {
    return forbidden(`You may not ${DOING[needs.general]}.`, instead ?? ASK[needs.general])
  }
  if (needs.into)
    return forbidden(`You may not ${needs.right} credentials of ${formatOwner(needs.owner)}.`, instead)
  const { owner, attached } = needs
  if (!mayCredential(caller, 'exists', owner, attached)) return absent(object.kind, object.id)
  if (!mayCredential(caller, 'describe', owner, attached)) return ofSomebodyElse()
  return forbidden(`You are not allowed to do this with the ${object.kind} ${object.name}.`)
}

// What somebody without the right is told they may not do.
const DOING: Readonly<Record<GeneralRight, string>> = {
  lease: 'take a credential for a run',
  startRuns: 'begin runs, or do anything with them',
  readRuns: 'see runs',
  followRuns: 'read what is said in runs',
  carryOutRuns: 'carry out runs: that is for workers',
  explain: 'ask which credential a run would get',
  manageTokens: 'make or revoke tokens',
  manageLogins: 'sign in at a provider',
  readAudit: 'read the audit log',
  readSettings: 'see the settings of the organization',
  manageSettings: 'change the settings of the organization',
  shareSubscriptions: 'let Claude subscriptions serve others',
  readPeople: 'see members and teams',
  managePeople: 'change members and teams',
  manageOwners: 'make, change or remove an owner',
  readMachines: 'see agents and workers',
  manageMachines: 'change agents and workers',
  operate: 'operate this installation',
}

// Whom to ask, where an admin may not do it either.
const ASK: Partial<Record<GeneralRight, string>> = {
  manageOwners: 'Ask an owner of the organization.',
  shareSubscriptions: 'Ask an owner of the organization.',
  operate: 'Ask an owner of the organization that operates this installation.',
}

function forbidden(message: string, hint = 'Ask an admin of the organization.'): ClavigerError {
  return new ClavigerError('forbidden', message, { hint })
}

function byHandle(): ClavigerError {
  return forbidden('The handle of a lease is not allowed to do this.', 'It is good for that lease only.')
}

// For those who may know that it exists, and nothing more.
function ofSomebodyElse(): ClavigerError {
  return new ClavigerError('forbidden', 'This credential is personal, and not yours.', {
    hint: 'Ask the person it belongs to.',
  })
}

// What to type next when something is not there.
const FIND: Readonly<Record<string, string>> = {
  credential: 'List what there is: claviger credential list',
  token: 'List what there is: claviger admin tokens list',
  lease: 'Start the run again with claviger exec.',
  login:
    'Begin again: claviger credential create codex oauth NAME. For Claude: claviger credential create claude oauth NAME',
  team: 'See which teams you are in: claviger whoami. All of them, for admins: claviger admin teams list',
  member: 'List who there is: claviger admin members list',
  agent: 'Make it: claviger admin agent create NAME. See what there is: claviger admin agent list',
  run: 'See what there is: claviger run list',
  worker: 'See what there is: claviger admin worker list',
  webhook: 'See what there is: claviger admin webhook list',
  channel: 'See what there is: claviger admin channel list',
  event: 'See what there is: claviger admin events list',
}

/** The answer for what does not exist, and for what the caller may not know to exist: the same for both. */
export function absent(kind: string, id: string): ClavigerError {
  return new ClavigerError('not_found', `There is no ${kind} ${printable(id)}.`, {
    hint: FIND[kind] ?? 'Check how it is spelled, or ask an admin of the organization.',
  })
}

/** Throws as for an absent one unless the caller may see this credential. For reads, which need no audit row. */
export function mustSee(caller: Caller, row: Pick<CredentialRow, 'id' | 'owner'>, attached: boolean): void {
  if (!canSee(caller, row, attached)) throw absent('credential', row.id)
}

/** `attached`: it is attached to the agent that the caller runs as. */
export function canSee(caller: Caller, row: Pick<CredentialRow, 'owner'>, attached: boolean): boolean {
  return caller.leaseId === null && mayCredential(caller, 'describe', parseOwner(row.owner), attached)
}

/** As `mustSee`; also throws `forbidden` for those who may see only its name and type. */
export function mustSeeWhole(caller: Caller, row: CredentialRow, attached: boolean): void {
  mustSee(caller, row, attached)
  if (!seesNameOnly(caller, row)) return
  const whose = row.owner === 'org' ? "the organization's credential" : 'the credential'
  throw forbidden(`Of ${whose} ${row.name} you may see the name and type only.`)
}

/**
 * Whether this caller sees of the credential only its name and type: members of what the organization owns (R3), agents
 * and workers of what is not the agent's own.
 */
export function seesNameOnly(caller: Caller, row: Pick<CredentialRow, 'owner'>): boolean {
  if (caller.kind === 'person') return row.owner === 'org' && caller.role === 'member'
  return row.owner !== `agent:${caller.agent}`
}

function entry(actor: Actor, act: Act, outcome: AuditEntry['outcome'], at: number): AuditEntry {
  return {
    id: newId('aud'),
    organizationId: actor.organizationId,
    at,
    ...whoActs(actor),
    action: act.action,
    objectKind: act.object.kind,
    objectId: act.object.id,
    objectName: act.object.name,
    outcome,
    details: act.details ?? {},
    requestId: actor.requestId,
  }
}

function whoActs(actor: Actor): Pick<AuditEntry, 'actorKind' | 'actorId' | 'actorName'> {
  const { kind, id } = actor
  if (kind === 'server') return { actorKind: kind, actorId: id, actorName: 'claviger serve' }
  return { actorKind: actor.leaseId === null ? kind : `${kind} by lease`, actorId: id, actorName: actor.name }
}
