// Units that read and add, where other servers share the database: they read outside of the transaction, many at a time,
// and hand group commit only what they add and what they have read. What does not hold any more is decided again.

import { contended, unitEnded } from '../refusals.ts'
import type { AddingUnit, CandidateRow } from '../store.ts'
import type { Left } from './closing.ts'
import type { GroupCommit, Prepared } from './group-commit.ts'
import { keyOf, type Seen, type SettingPlace } from './seen.ts'

const MAX_TRIES = 8

const REMEMBERED_AT_MOST = 2_000

type Reads = Pick<AddingUnit, 'credentials' | 'attachments' | 'settings' | 'versions'>

/** As Store.additively. */
export type Add = <T>(work: (unit: AddingUnit) => Promise<T>) => Promise<T>

/** `outside` reads what is committed, in queries of its own; `run` runs the work of a unit. */
export function createAdditions(
  committer: Pick<GroupCommit<Left, Seen>, 'add'>,
  outside: Reads,
  run: <T>(work: () => Promise<T>) => Promise<T>,
): Add {
  const memory = createMemory()
  return async (work) => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      // Others remember again what was just forgotten: a second run relies on nobody's memory.
      const reading = createReading(outside, tries === 0 ? memory : createMemory())
      let value: Awaited<ReturnType<typeof work>>
      try {
        value = await run(() => runUnit(reading, work))
      } catch (error) {
        // Nobody is refused because of what was so a while ago.
        if (tries > 0 || !reading.usedMemory()) throw error
        memory.forget(reading.prepared.seen)
        continue
      }
      if (await committer.add(reading.prepared)) return value
      memory.forget(reading.prepared.seen)
    }
    throw contended('what a unit had read was changed again and again')
  }
}

/**
 * What was read before and is most likely so still: settings, which are looked at again before anything that relies on
 * them is stored, and values of versions, which never change.
 */
interface Memory {
  readonly settings: Map<string, string | null> // key → JSON
  readonly values: Map<string, SealedValues> // id of the credential → its current version
  forget(seen: Seen): void
}

interface SealedValues {
  /** As it was then: another one for each version. */
  readonly wrappedKey: Uint8Array
  readonly values: Record<string, Uint8Array>
}

function createMemory(): Memory {
  const settings: Memory['settings'] = new Map()
  const values: Memory['values'] = new Map()
  return {
    settings,
    values,
    forget: (seen) => {
      for (const setting of seen.settings) settings.delete(keyOf(setting))
      for (const { id } of seen.credentials) values.delete(id)
    },
  }
}

function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  if (memory.size >= REMEMBERED_AT_MOST) memory.clear()
  memory.set(key, value)
}

/** One run of a unit. */
interface Reading {
  readonly unit: AddingUnit
  /** Whether it was told anything from memory. */
  readonly usedMemory: () => boolean
  readonly prepared: Prepared<Left, Seen>
  /** Throws when a call of the run has failed. */
  end(): void
}

async function runUnit<T>(reading: Reading, work: (unit: AddingUnit) => Promise<T>): Promise<T> {
  try {
    return await work(reading.unit)
  } finally {
    reading.end()
  }
}

// As in every unit, a call that failed fails all of it, and nothing can be asked for after its end.
function createReading(outside: Reads, memory: Memory): Reading {
  const left: Left[] = []
  const state: { ended: boolean; failure?: { readonly error: unknown } } = { ended: false }
  const refuse = () => {
    if (state.failure) throw state.failure.error
    if (state.ended) throw unitEnded()
  }
  const ask: Ask = async (query) => {
    refuse()
    try {
      return await query()
    } catch (error) {
      state.failure ??= { error }
      throw error
    }
  }
  const leave = async (one: Left) => {
    refuse()
    left.push(one)
  }
  const credentials = readCredentials(outside, memory, ask)
  const settings = readSettings(outside, memory, ask)
  return {
    unit: {
      ...credentials.groups,
      settings: settings.group,
      leases: { insert: (lease) => leave({ lease }) },
      audit: { append: (entry) => leave({ entry }) },
    },
    usedMemory: () => credentials.usedMemory() || settings.usedMemory(),
    prepared: { left, seen: { ...credentials.seen, settings: settings.seen } },
    end: () => {
      state.ended = true
      if (state.failure) throw state.failure.error
    },
  }
}

type Ask = <T>(query: () => Promise<T>) => Promise<T>

function readCredentials(outside: Reads, memory: Memory, ask: Ask) {
  const rows = new Map<string, CandidateRow>()
  const attachments: Seen['attachments'][number][] = []
  const credentials: CandidateRow[] = []
  let usedMemory = false
  const saw = (found: readonly CandidateRow[]) => {
    credentials.push(...found)
    for (const row of found) rows.set(row.id, row)
  }
  const groups: Omit<Reads, 'settings'> = {
    credentials: {
      candidates: async (...asked) => {
        const found = await ask(() => outside.credentials.candidates(...asked))
        saw(found)
        return found
      },
    },
    attachments: {
      candidates: async (organizationId, harness, agent) => {
        const found = await ask(() => outside.attachments.candidates(organizationId, harness, agent))
        saw(found)
        attachments.push(...found.map(({ id: credentialId }) => ({ organizationId, agent, credentialId })))
        return found
      },
    },
    versions: {
      values: async (id, version) => {
        const row = rows.get(id)
        const isCurrent = row !== undefined && row.version === version
        const known = isCurrent ? memory.values.get(id) : undefined
        if (isCurrent && known && Buffer.compare(known.wrappedKey, row.wrappedKey) === 0) {
          usedMemory = true
          return ask(async () => ({ ...known.values }))
        }
        const values = await ask(() => outside.versions.values(id, version))
        if (isCurrent) remember(memory.values, id, { wrappedKey: row.wrappedKey, values })
        return values
      },
    },
  }
  return { groups, seen: { credentials, attachments }, usedMemory: () => usedMemory }
}

function readSettings(outside: Reads, memory: Memory, ask: Ask) {
  const seen: Seen['settings'][number][] = []
  let usedMemory = false
  const saw = (place: SettingPlace, value: string | null) => {
    seen.push({ ...place, value })
    remember(memory.settings, keyOf(place), value)
  }
  const recall = (place: SettingPlace): unknown => {
    const value = memory.settings.get(keyOf(place)) ?? null
    usedMemory = true
    seen.push({ ...place, value })
    return value === null ? undefined : JSON.parse(value)
  }
  const knows = (place: SettingPlace) => memory.settings.has(keyOf(place))
  const group: Reads['settings'] = {
    get: async (organizationId, subject, name) => {
      const place = { organizationId, subject, name }
      if (knows(place)) return ask(async () => recall(place))
      const value = await ask(() => outside.settings.get(organizationId, subject, name))
      saw(place, textOf(value))
      return value
    },
    some: async (organizationId, subjects, names) => {
      const places = subjects.flatMap((subject) => names.map((name) => ({ organizationId, subject, name })))
      if (places.every(knows)) {
        const all = await ask(async () => places.map((place) => ({ ...place, value: recall(place) })))
        return all.flatMap(({ subject, name, value }) =>
          value === undefined ? [] : [{ subject, name, value }],
        )
      }
      const found = await ask(() => outside.settings.some(organizationId, subjects, names))
      for (const place of places) {
        const one = found.find(({ subject, name }) => subject === place.subject && name === place.name)
        saw(place, textOf(one?.value))
      }
      return found
    },
  }
  return { group, seen, usedMemory: () => usedMemory }
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}
