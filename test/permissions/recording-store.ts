// The store in memory, with a note of everything that was written to it and kept: what a refused request may not do.

import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store, StoreGroups } from '../../src/store/store.ts'

// Methods that only look; whatever else a group has is taken for writing.
const LOOKING =
  /^(get|list|all|some|any|find|count|candidates|values|lookUp|read|is|has|hold|of[A-Z]|of$|days|served|renewals|owned|credentials|runningLeases|liveTokens)/

/** A new store; each write that was committed is added to `writes` as `group.method`. The audit log is left out. */
export function recordingStore(writes: string[]): Store {
  const store = createMemoryStore()
  const { atomically, additively, check, close, now, describe, signals, ...groups } = store
  return {
    ...noting({ ...groups, signals }, (write) => writes.push(write)),
    signals,
    check,
    close,
    now,
    describe,
    async atomically(work) {
      let written: string[] = []
      const result = await atomically((unit) => {
        written = []
        return work(noting(unit, (write) => written.push(write)))
      })
      writes.push(...written)
      return result
    },
    async additively(work) {
      let added: string[] = []
      const result = await additively((unit) => {
        added = []
        const insert: typeof unit.leases.insert = (row) => {
          added.push('leases.insert')
          return unit.leases.insert(row)
        }
        return work({ ...unit, leases: { insert } })
      })
      writes.push(...added)
      return result
    },
  }
}

function noting(groups: StoreGroups, note: (write: string) => void): StoreGroups {
  const watched = Object.entries(groups).map(([name, group]: [string, object]) => {
    if (name === 'audit') return [name, group]
    const methods = Object.entries(group).map(
      ([method, call]: [string, (...input: unknown[]) => unknown]) => {
        if (LOOKING.test(method)) return [method, call]
        const noted = (...input: unknown[]) => {
          note(`${name}.${method}`)
          return call(...input)
        }
        return [method, noted]
      },
    )
    return [name, Object.fromEntries(methods)]
  })
  return Object.fromEntries(watched)
}
