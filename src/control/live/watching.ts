// Looking after what happens in the organizations that somebody watches on this server: one look for all who do. The audit
// log says what has changed, in order and without gaps, whichever server did it; signals say when to look, and a look
// every second is behind them. What happens to runs by itself is told by signals only.

import type { RunRow } from '../../store/runs/run-groups.ts'
import type { Signal } from '../../store/signal-group.ts'
import type { Ports } from '../use-case.ts'
import type { Happening } from './hints.ts'

// Milliseconds.
const LOOK_EVERY = 1_000
const AWAY_FOR = 5_000
const BETWEEN = 50

const PAGE = 500
// Of more it is said that anything may have changed.
const MISSED_AT_MOST = 5_000
const ASKED_AT_MOST = 200
const RUNS_AT_MOST = 200
const KNOWN_AT_MOST = 5_000

/** What has happened since the last time. */
export interface Happened {
  /** The last entry of the audit log that is in it. */
  readonly position: number
  /** `many`: more than can be said. */
  readonly entries: readonly Happening[] | 'many'
  /** Those that are not as they were, as they are now. */
  readonly runs: readonly RunRow[] | 'many'
  /** Ids of what may be somebody else, or somebody with other rights, by now; `all`: anybody may. */
  readonly doubted: readonly string[] | 'all'
}

export interface Watching {
  /** Calls `hear` with all that happens from when this was called, until the result is called. It must not throw. */
  watch(organizationId: string, hear: (happened: Happened) => void): Promise<() => void>
  /** What the audit log says after a position; null: nothing, but where it ends. */
  missed(organizationId: string, after: number | null): Promise<Pick<Happened, 'position' | 'entries'>>
}

export type WatchingPorts = Pick<Ports, 'store' | 'ending'>

interface Organization {
  readonly id: string
  readonly hearing: Set<(happened: Happened) => void>
  position: number
  readonly runs: Set<string>
  readonly doubted: Set<string>
  /** The connection that carries signals was away. */
  missed: boolean
  /** Run → how it was, for those who look at lists. */
  readonly known: Map<string, string>
  wake: () => void
}

export function createWatching(ports: WatchingPorts): Watching {
  const watched = new Map<string, Organization>()
  let deaf: (() => void) | null = null

  const hearSignal = (heard: Signal | 'missed') => {
    for (const one of watched.values()) {
      if (heard === 'missed') one.missed = true
      else if (heard.topic === 'runs') one.runs.add(heard.subject)
      else if (heard.topic === 'holders') one.doubted.add(heard.subject)
      if (heard === 'missed' || heard.topic !== 'queue') one.wake()
    }
  }
  const begin = (id: string, position: number): Organization => {
    const one: Organization = {
      ...{ id, position, hearing: new Set(), runs: new Set(), doubted: new Set(), missed: false },
      ...{ known: new Map(), wake: () => undefined },
    }
    watched.set(id, one)
    deaf ??= ports.store.signals.listen(hearSignal)
    void keepLooking(ports, one)
    return one
  }
  const end = (one: Organization) => {
    if (watched.get(one.id) === one) watched.delete(one.id)
    one.wake()
    if (watched.size > 0) return
    deaf?.()
    deaf = null
  }
  return {
    async watch(organizationId, hear) {
      const { position } = await ports.store.audit.head(organizationId)
      const one = watched.get(organizationId) ?? begin(organizationId, position)
      one.hearing.add(hear)
      return () => {
        one.hearing.delete(hear)
        if (one.hearing.size === 0) end(one)
      }
    },
    missed: (organizationId, after) => missed(ports, organizationId, after),
  }
}

async function keepLooking(ports: WatchingPorts, one: Organization): Promise<void> {
  // Whoever begins it has not come in yet.
  await Promise.resolve()
  while (one.hearing.size > 0 && ports.ending?.aborted !== true) {
    const isThere = await look(ports, one).then(
      () => true,
      // The database is away: nothing happens in it, and what was heard is looked at when it is back.
      () => false,
    )
    const isHeard = one.runs.size > 0 || one.doubted.size > 0 || one.missed
    await pause(one, isThere ? (isHeard ? BETWEEN : LOOK_EVERY) : AWAY_FOR)
  }
}

function pause(one: Organization, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    timer.unref()
    one.wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}

async function look(ports: WatchingPorts, one: Organization): Promise<void> {
  const heard = { runs: [...one.runs], doubted: [...one.doubted], missed: one.missed }
  // Before it is looked at: what is heard meanwhile is looked at again.
  one.runs.clear()
  one.doubted.clear()
  one.missed = false
  try {
    await tell(ports, one, heard)
  } catch (thrown) {
    for (const id of heard.runs) one.runs.add(id)
    for (const id of heard.doubted) one.doubted.add(id)
    one.missed ||= heard.missed
    throw thrown
  }
}

interface Heard {
  readonly runs: readonly string[]
  readonly doubted: readonly string[]
  readonly missed: boolean
}

async function tell(ports: WatchingPorts, one: Organization, heard: Heard): Promise<void> {
  const { position, entries } = await missed(ports, one.id, one.position)
  const isMany = heard.missed || heard.runs.length > RUNS_AT_MOST
  const runs = isMany ? 'many' : await changedRuns(ports.store, one, heard.runs)
  one.position = position
  const doubted = heard.missed ? 'all' : heard.doubted
  if (entries.length === 0 && runs.length === 0 && doubted.length === 0) return
  for (const hear of one.hearing) hear({ position, entries, runs, doubted })
}

// While an agent speaks its run changes many times a second, and looks the same in a list.
async function changedRuns(
  { runs }: WatchingPorts['store'],
  { id: organizationId, known }: Organization,
  ids: readonly string[],
): Promise<RunRow[]> {
  if (known.size > KNOWN_AT_MOST) known.clear()
  const changed: RunRow[] = []
  for (const id of ids) {
    const row = await runs.get(organizationId, id)
    if (row === undefined) continue
    const looks = looksOf(row)
    if (known.get(id) !== looks) changed.push(row)
    known.set(id, looks)
  }
  return changed
}

function looksOf({ run }: RunRow): string {
  const { state, since, reason, wish, claim, credential, messages, usage } = run
  return JSON.stringify([state, since, reason, wish, claim?.worker, credential, messages, usage])
}

async function missed({ store }: WatchingPorts, organizationId: string, after: number | null) {
  const head = await store.audit.head(organizationId)
  if (after === null) return { position: head.position, entries: [] }
  // Behind where it ends: the database was put back.
  if (head.position < after || head.position - after > MISSED_AT_MOST)
    return { position: head.position, entries: 'many' as const }
  const entries: Happening['entry'][] = []
  let position = after
  while (position < head.position) {
    const page = await store.audit.list(organizationId, { after: position, limit: PAGE })
    entries.push(...page)
    position = page.at(-1)?.position ?? head.position
  }
  return { position, entries: await withOwners(store, organizationId, entries) }
}

async function withOwners(
  { credentials }: Pick<WatchingPorts['store'], 'credentials'>,
  organizationId: string,
  entries: readonly Happening['entry'][],
): Promise<readonly Happening[]> {
  const ids = entries.filter(({ objectKind }) => objectKind === 'credential').map(({ objectId }) => objectId)
  const asked = [...new Set(ids)]
  const owners = new Map<string, string>()
  // Most entries say whose it was.
  for (const id of asked.slice(0, ASKED_AT_MOST)) {
    const row = await credentials.get(organizationId, id)
    if (row !== undefined) owners.set(id, row.owner)
  }
  return entries.map((entry) => ({
    entry,
    owner: entry.objectKind === 'credential' ? (owners.get(entry.objectId) ?? null) : null,
  }))
}
