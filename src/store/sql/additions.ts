// Units that read and add, where other servers share the database: they read outside of the transaction, many at a time,
// and hand group commit only what they add and what they have read. What does not hold any more is decided again inside
// of it, where nobody can change it: however much others do, each is answered.

import { type AddingUnit, type CandidateRow, LeavesUnit } from '../store.ts'
import { createUnitRun, type UnitRun } from '../unit-run.ts'
import type { Left } from './closing.ts'
import type { GroupCommit } from './group-commit.ts'
import type { Execute } from './prepared.ts'
import { keyOf, type Seen, type SettingPlace } from './seen.ts'

const REMEMBERED_AT_MOST = 2_000

/** What a unit that only adds may ask for. */
export type AddingReads = Pick<AddingUnit, 'credentials' | 'attachments' | 'settings' | 'versions'>

/** As Store.additively. */
export type Add = <T>(work: (unit: AddingUnit) => Promise<T>) => Promise<T>

export interface AddingOptions {
  readonly committer: Pick<GroupCommit<Left, Seen>, 'add'>
  /** Reads what is committed, in queries of its own. */
  readonly outside: AddingReads
  /** Reads inside of a transaction. */
  readonly inside: (execute: Execute) => AddingReads
  /** Runs the work of a unit. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>
}

export function createAdditions({ committer, outside, inside, run }: AddingOptions): Add {
  const memory = createMemory()
  return async (work) => {
    type Value = Awaited<ReturnType<typeof work>>
    const outcome = Promise.withResolvers<Value>()
    const decide = async (reading: Reading) => {
      const value = await reading.complete(() => run(() => work(reading.unit)))
      return { left: reading.left, answer: () => outcome.resolve(value) }
    }
    const refused = (error: unknown) => ({ left: [], answer: () => outcome.reject(error) })
    let reading = createReading(outside, memory)
    const first = await decide(reading).catch((error: unknown) => {
      // Nobody is refused because of what was so a while ago.
      if (!reading.usedMemory() || error instanceof LeavesUnit) throw error
      memory.forget(reading.seen)
      reading = createReading(outside, createMemory())
      return decide(reading)
    })
    const again = async (execute: Execute) => {
      memory.forget(reading.seen)
      const second = createReading(inside(execute), createMemory())
      return decide(second).catch((error: unknown) => {
        // The transaction is lost with its statement.
        if (second.failure()) throw error
        return refused(error)
      })
    }
    const [value] = await Promise.all([
      outcome.promise,
      committer.add({ ...first, seen: reading.seen, again }),
    ])
    return value
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
interface Reading extends Pick<UnitRun, 'complete' | 'failure'> {
  readonly unit: AddingUnit
  /** What it adds. */
  readonly left: readonly Left[]
  readonly seen: Seen
  /** Whether it was told anything from memory. */
  readonly usedMemory: () => boolean
}

function createReading(reads: AddingReads, memory: Memory): Reading {
  const left: Left[] = []
  const run = createUnitRun()
  const leave = async (one: Left) => {
    run.refuse()
    left.push(one)
  }
  const credentials = readCredentials(reads, memory, run.call)
  const settings = readSettings(reads, memory, run.call)
  return {
    ...run,
    unit: {
      ...credentials.groups,
      settings: settings.group,
      leases: { insert: (lease) => leave({ lease }) },
      audit: { append: (entry) => leave({ entry }) },
    },
    left,
    seen: { ...credentials.seen, settings: settings.seen },
    usedMemory: () => credentials.usedMemory() || settings.usedMemory(),
  }
}

type Ask = UnitRun['call']

function readCredentials(outside: AddingReads, memory: Memory, ask: Ask) {
  const rows = new Map<string, CandidateRow>()
  const attachments: Seen['attachments'][number][] = []
  const credentials: CandidateRow[] = []
  let usedMemory = false
  const saw = (found: readonly CandidateRow[]) => {
    credentials.push(...found)
    for (const row of found) rows.set(row.id, row)
  }
  const groups: Omit<AddingReads, 'settings'> = {
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

function readSettings(outside: AddingReads, memory: Memory, ask: Ask) {
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
  const group: AddingReads['settings'] = {
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
