// Noticing that the database was put back to an older copy: this server keeps, outside of the database, the last place of
// each organization's audit log that it has seen there, and looks whether that place is still in it.

import type { ChainPlace } from '../../domain/audit/chain.ts'
import { asClavigerError } from '../../domain/errors.ts'
import type { Identity } from '../../identity/identity.ts'
import type { Log } from '../../lib/log.ts'
import { type Repeated, repeat } from '../../lib/time/repeat.ts'
import type { Store } from '../../store/store.ts'
import { type RollBack, recordRollBack } from './roll-back.ts'

/** Organization id → the last place that was seen. */
export type Seen = Readonly<Record<string, ChainPlace>>

/** Where it is kept; `write` must be durable and for its owner only. */
export interface SeenFile {
  /** Null when there is no file; throws when it cannot be read or understood. */
  read(): Promise<Seen | null>
  write(seen: Seen): Promise<void>
}

export interface AuditWatch {
  seen(organizationId: string): ChainPlace | undefined
  /** Compares the database with what was seen, reports what is not as it was, and takes it as seen. Not after `start`. */
  look(): Promise<void>
  /** Looks now and every few seconds. */
  start(): void
  /** Looks once more, and never again. */
  stop(): Promise<void>
}

export interface WatchDependencies {
  readonly store: Store
  readonly identity: Pick<Identity, 'organization'>
  readonly file: SeenFile
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly everyMs: number
}

/** Reads the file. One that is damaged is reported, and begun anew. */
export async function createAuditWatch(dependencies: WatchDependencies): Promise<AuditWatch> {
  const { file, log, everyMs } = dependencies
  const seen = new Map(Object.entries(await readSeen(dependencies)))
  let repeated: Repeated | undefined

  const look = async () => {
    if (await compare(dependencies, seen)) await file.write(Object.fromEntries(seen))
  }
  const failed = (thrown: unknown) => {
    const { message, detail } = asClavigerError(thrown)
    log.warn({ detail }, `It could not be looked whether the database was put back: ${message}`)
  }
  return {
    seen: (organizationId) => seen.get(organizationId),
    look,
    start() {
      repeated = repeat(everyMs, look, failed)
    },
    async stop() {
      await repeated?.stop()
      await look().catch(failed)
    },
  }
}

async function readSeen({ file, log }: WatchDependencies): Promise<Seen> {
  try {
    return (await file.read()) ?? {}
  } catch (thrown) {
    const { message, detail } = asClavigerError(thrown)
    log.error({ detail }, `Whether the database was put back cannot be said this time: ${message}`)
    return {}
  }
}

// Whether anything is to be remembered anew.
async function compare(dependencies: WatchDependencies, seen: Map<string, ChainPlace>): Promise<boolean> {
  const heads = new Map(Object.entries(await dependencies.store.audit.heads()))
  let moved = false
  for (const organizationId of new Set([...seen.keys(), ...heads.keys()])) {
    const head = heads.get(organizationId) ?? (await emptyHead(dependencies, organizationId))
    if (head === undefined) continue
    const before = seen.get(organizationId)
    if (before?.position === head.position && before.hash === head.hash) continue
    const found = before && (await foundInstead(dependencies.store, organizationId, before, head))
    if (found) await report(dependencies, organizationId, { at: dependencies.now(), seen: before, found })
    seen.set(organizationId, head)
    moved = true
  }
  return moved
}

// An organization that was seen and has no entry any more is one whose log was emptied, unless it is not in this database
// at all: then this is another one.
async function emptyHead(
  { identity, log }: WatchDependencies,
  organizationId: string,
): Promise<ChainPlace | undefined> {
  if ((await identity.organization(organizationId)) !== undefined) return { position: 0, hash: '' }
  log.debug({ organizationId }, 'an organization that was seen before is not in this database')
  return undefined
}

async function foundInstead(
  { audit }: Store,
  organizationId: string,
  before: ChainPlace,
  head: ChainPlace,
): Promise<ChainPlace | undefined> {
  if (head.position <= before.position) return head
  const [entry] = await audit.list(organizationId, { after: before.position - 1, limit: 1 })
  if (entry?.position === before.position && entry.hash === before.hash) return undefined
  return entry ?? head
}

async function report(
  { store, log }: WatchDependencies,
  organizationId: string,
  rollBack: RollBack,
): Promise<void> {
  const { at, seen } = rollBack
  const found = { position: rollBack.found.position, hash: rollBack.found.hash }
  log.error({ organizationId, seen, found }, 'the database was put back to an older copy')
  const quarantined = await recordRollBack(store, organizationId, { at, seen, found })
  log.error({ organizationId, quarantined }, 'credentials that rotate were quarantined')
}
