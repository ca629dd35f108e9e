// Bringing every data key under the current master key while the server goes on serving: in small batches, each a unit,
// each data key compared before it is replaced, so that a change made meanwhile wins and is looked at again. It goes on
// after a restart, and ends when a count over all organizations finds nothing under an older key.
//
// Data keys are wrapped inside of units only (control/credentials). So, once the current key is another one and a later
// unit has counted, no unit that wrapped under the old one is still to come.

import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditEntry } from '../../domain/audit/entry.ts'
import { asClavigerError, ClavigerError } from '../../domain/errors.ts'
import { KEY_FACTS, type KeySituation, nextStep, obstacle, type RekeyingStep } from '../../domain/rekeying.ts'
import { newId } from '../../lib/id.ts'
import type { Log } from '../../lib/log.ts'
import type { Store, StoreGroups } from '../../store/store.ts'
import type { KeyRing, Vault } from '../../vault/vault.ts'
import { rewrapAll } from './rewrap.ts'
import type { Servers } from './servers.ts'

// Milliseconds until something that stood in the way is looked at again.
const RETRY = 5_000
const LOOK_AGAIN = 60_000

const DAMAGED =
  'Some data keys do not open, and so cannot be brought under the new master key: the database was altered. Restore these credentials from a backup, or delete them.'

/** Id of a master key → how many data keys are under it. */
type Counts = Record<string, number>

export interface RekeyingStatus extends KeySituation {
  /** `wanted`: the current key is not the recorded one, and nobody has asked for more yet. */
  readonly state: 'settled' | 'wanted' | 'running' | 'waiting'
  readonly counts: Readonly<Counts>
  /** How many data keys this server has brought under the current key since re-keying began or went on. */
  readonly rewrapped: number
  /** How many are under a key that this server does not have. */
  readonly lost: number
  /** What stands in the way, as a sentence. */
  readonly problem: string | null
}

export interface Rekeying {
  status(): Promise<RekeyingStatus>
  /** Begins; `audited` must have recorded it before a key is made. Throws `conflict`: see nextStep. */
  start(audited: (step: RekeyingStep) => Promise<void>): Promise<void>
  /** Goes on with what was under way when the server ended. */
  resume(): Promise<void>
  /** Resolves when the batch under way has ended. */
  stop(): Promise<void>
}

export interface RekeyingDependencies {
  readonly store: Store
  readonly vault: Vault
  readonly keys: KeyRing
  readonly servers: Servers
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly operatorOrganization: string
}

export function createRekeying(dependencies: RekeyingDependencies): Rekeying {
  const { store, vault, keys } = dependencies
  const progress = { rewrapped: 0, problem: null as string | null, counts: null as Counts | null }
  const ending = new AbortController()
  let working: Promise<void> | null = null
  let starting: Promise<unknown> = Promise.resolve()

  // Returns how long to wait for the next round; null at the end.
  async function round(): Promise<number | null> {
    progress.problem = obstacle({ keyIds: vault.keyIds, others: await dependencies.servers.others() })
    if (progress.problem !== null) return RETRY
    const before = progress.rewrapped
    const counts = await store.dataKeys.countByMasterKey()
    progress.counts = counts
    const done = (from: string) => {
      progress.rewrapped += 1
      counts[from] = (counts[from] ?? 1) - 1
      counts[vault.keyId] = (counts[vault.keyId] ?? 0) + 1
    }
    await rewrapAll({ store, vault, signal: ending.signal, done })
    if (ending.signal.aborted) return null
    const end = await finish(dependencies)
    if (end === 'finished') return null
    if (end === 'more' && progress.rewrapped > before) return 0
    if (end === 'more') progress.problem = DAMAGED
    return end === 'more' ? LOOK_AGAIN : RETRY
  }

  function failed(thrown: unknown): number {
    const { message, detail } = asClavigerError(thrown)
    dependencies.log.warn({ detail }, `re-keying has to wait: ${message}`)
    progress.problem = message
    return RETRY
  }

  function begin(): void {
    working ??= inRounds(round, failed, ending.signal).finally(() => {
      working = null
    })
  }

  async function plan(audited: (step: RekeyingStep) => Promise<void>): Promise<void> {
    if (working !== null) return
    const step = nextStep(await look(dependencies))
    await audited(step)
    progress.rewrapped = 0
    if (step === 'renew') keys.renew()
    await store.installation.put(KEY_FACTS.target, vault.keyId)
    begin()
  }

  return {
    async status() {
      const { rewrapped } = progress
      if (working === null) {
        const seen = await look(dependencies)
        return { ...seen, rewrapped, problem: null, state: isSettled(seen) ? 'settled' : 'wanted' }
      }
      const { counts, problem } = progress
      const seen = await look(dependencies, counts)
      return { ...seen, rewrapped, problem, state: problem === null ? 'running' : 'waiting' }
    },
    async start(audited) {
      const begun = starting.then(() => plan(audited))
      starting = begun.catch(() => undefined)
      await begun
    },
    async resume() {
      const { keyIds, keyId } = vault
      const { recorded, target } = await facts(store)
      const done = keyIds.length === 1
      if (!done && (target === keyId || (keys.ours && recorded !== keyId))) begin()
      // Killed between its last two steps: a key that its operator adds to the file later is not to be forgotten.
      if (done && keys.ours && target !== undefined) await store.installation.remove(KEY_FACTS.target)
    },
    async stop() {
      ending.abort()
      await working
    },
  }
}

// One round after another, each after the pause that the one before has asked for, until one asks for none.
async function inRounds(
  round: () => Promise<number | null>,
  failed: (thrown: unknown) => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const pause = await round().catch(failed)
    if (pause === null) return
    await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

type Look = Omit<RekeyingStatus, 'state' | 'rewrapped' | 'problem'>

async function look(
  { store, vault, keys, servers }: RekeyingDependencies,
  known: Counts | null = null,
): Promise<Look> {
  const counts = known ?? (await store.dataKeys.countByMasterKey())
  const { recorded } = await facts(store)
  const { source, ours } = keys
  const { keyIds, keyId } = vault
  const left = leftIn(counts, keyIds)
  const lost = total(counts) - left - (counts[keyId] ?? 0)
  return { source, ours, keyIds, recorded, left, lost, counts, others: await servers.others() }
}

async function facts({ installation }: Pick<StoreGroups, 'installation'>) {
  const recorded = await installation.get(KEY_FACTS.recorded)
  if (recorded === undefined) throw new ClavigerError('internal', 'The installation remembers no master key.')
  return { recorded, target: await installation.get(KEY_FACTS.target) }
}

/**
 * When nothing is left under an older key, the new one is recorded, and the older ones are forgotten. `more`: something
 * is left. `others`: another server has come that may still seal under an older one.
 */
async function finish(dependencies: RekeyingDependencies): Promise<'finished' | 'more' | 'others'> {
  const { store, vault, keys, servers, log } = dependencies
  const { keyId, keyIds } = vault
  const counts = await store.atomically(async (unit) => {
    const found = await unit.dataKeys.countByMasterKey()
    if (leftIn(found, keyIds) > 0) return null
    const { recorded } = await facts(unit)
    if (recorded !== keyId && (await unit.installation.swap(KEY_FACTS.recorded, recorded, keyId)))
      await unit.audit.append(finished(dependencies, recorded, found))
    return found
  })
  if (counts === null) return 'more'
  // A server that has announced itself before it could read the record is seen now; one that comes later has read it.
  if (obstacle({ keyIds, others: await servers.others() }) !== null) return 'others'
  if (leftIn(await store.dataKeys.countByMasterKey(), keyIds) > 0) return 'more'
  if (keys.ours) keys.forgetOlder()
  await store.installation.remove(KEY_FACTS.target)
  log.info({ masterKey: keyId, dataKeys: counts[keyId] ?? 0, left: 0 }, 're-keyed')
  return 'finished'
}

function finished(
  { now, operatorOrganization, vault }: RekeyingDependencies,
  from: string,
  counts: Counts,
): AuditEntry {
  return {
    id: newId('aud'),
    organizationId: operatorOrganization,
    at: now(),
    actorKind: 'server',
    actorId: 'rekey',
    actorName: 'claviger rekey',
    action: 'rekey.finish',
    objectKind: 'installation',
    objectId: KEY_FACTS.recorded,
    objectName: 'master key',
    outcome: 'allowed',
    details: { from, to: vault.keyId, dataKeys: counts[vault.keyId] ?? 0, left: 0 },
    requestId: '',
  }
}

function isSettled({ keyIds, recorded, left }: KeySituation): boolean {
  return keyIds[0] === recorded && left === 0
}

function leftIn(counts: Counts, [, ...older]: readonly string[]): number {
  return older.reduce((sum, id) => sum + (counts[id] ?? 0), 0)
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
