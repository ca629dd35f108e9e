// Whatever two processes store, and whatever another program does to the same files in between: a third process that comes
// then sees what a plain model says, and nothing that is not ours is ever lost.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { handsOf, ORG } from '../../test/support/profile-credentials.ts'
import { apiKey, editFile, placeWith, textOf, writtenIn } from '../../test/support/profile-files.ts'
import { profileStore } from '../../test/support/profile-store.ts'
import type { Store } from '../store/store.ts'
import { placeOf } from './place.ts'

const masterKey = randomBytes(32)
const NOW = Date.UTC(2026, 0, 1)
const { list, named, values, insert, change, rotate } = handsOf(masterKey)
const NAMES = ['a', 'b', 'c'].map((letter) => `anthropic:${letter}`)

interface Known {
  key: string
  heldUntil: number | null
  lastUsed: number | null
  /** What another program has put beside the values. */
  note: string | undefined
}

interface Model {
  readonly profiles: Map<string, Known>
  /** Those that have a place, in order. */
  order: string[]
  unknown: unknown
}

interface World {
  readonly directory: string
  readonly stores: readonly Store[]
  readonly model: Model
  serial: number
}

type Act = (world: World) => Promise<void>

const main = ({ directory }: World) => placeOf(directory, 'main')
const nextKey = (world: World) => {
  world.serial += 1
  return `sk-ant-test-${world.serial}`
}

/** What one of the keepers stores of a credential that there is. */
function ours(
  by: number,
  name: string,
  act: (world: World, store: Store, known: Known) => Promise<void>,
): Act {
  return async (world) => {
    const known = world.model.profiles.get(name)
    const store = world.stores[by]
    if (known !== undefined && store !== undefined) await act(world, store, known)
  }
}

const put = (by: number, name: string): Act => {
  return async (world) => {
    const store = world.stores[by]
    if (world.model.profiles.has(name) || store === undefined) return
    const key = nextKey(world)
    await insert(store, name, key)
    world.model.profiles.set(name, { key, heldUntil: null, lastUsed: null, note: undefined })
  }
}

const rotated = (by: number, name: string) =>
  ours(by, name, async (world, store, known) => {
    known.key = nextKey(world)
    await rotate(store, await named(store, name), known.key)
  })

const deleted = (by: number, name: string) =>
  ours(by, name, async ({ model }, store) => {
    await store.credentials.delete(ORG, (await named(store, name)).id)
    model.profiles.delete(name)
    model.order = model.order.filter((one) => one !== name)
  })

const renamed = (by: number, name: string, to: string) =>
  ours(by, name, async ({ model }, store, known) => {
    if (model.profiles.has(to)) return
    await change(store, await named(store, name), { name: to })
    model.profiles.delete(name)
    model.profiles.set(to, known)
    model.order = model.order.map((one) => (one === name ? to : one))
  })

const heldOff = (by: number, name: string, until: number | null) =>
  ours(by, name, async (_, store, known) => {
    const held = { state: 'cooling_down', stateReason: 'limit', stateUntil: until } as const
    const free = { state: 'ok', stateReason: '', stateUntil: null } as const
    await change(store, await named(store, name), until === null ? free : held)
    known.heldUntil = until
  })

const used = (by: number, name: string, at: number) =>
  ours(by, name, async (_, store, known) => {
    await store.uses.note((await named(store, name)).id, at)
    known.lastUsed = Math.max(known.lastUsed ?? 0, at)
  })

const ordered = (by: number, names: readonly string[]): Act => {
  return async ({ stores, model }) => {
    const order = names.filter((name) => model.profiles.has(name))
    await stores[by]?.atomically(async (unit) => {
      for (const row of await list(unit)) {
        const place = order.indexOf(row.name)
        await change(unit, row, { position: place === -1 ? null : place })
      }
    })
    model.order = order
  }
}

const failed = (by: number, name: string): Act => {
  return async ({ stores }) => {
    const unit = stores[by]?.atomically(async (groups) => {
      for (const row of await list(groups)) {
        if (row.name === name) await groups.credentials.delete(ORG, row.id)
        else await change(groups, row, { description: 'never', position: 3 })
      }
      throw new RangeError('no')
    })
    await expect(unit).rejects.toThrow(RangeError)
  }
}

const lookedAt = (by: number): Act => {
  return async ({ stores }) => {
    const store = stores[by]
    if (store !== undefined) await list(store)
  }
}

const theirsPut = (name: string, note: string): Act => {
  return async (world) => {
    const { profiles } = world.model
    const known = profiles.get(name) ?? { key: '', heldUntil: null, lastUsed: null, note }
    profiles.set(name, Object.assign(known, { key: nextKey(world), note }))
    editFile(main(world), (document) => {
      document.profiles[name] = apiKey('', { key: known.key, note })
    })
  }
}

const theirsRemoved = (name: string): Act => {
  return async (world) => {
    const { model } = world
    model.profiles.delete(name)
    model.order = model.order.filter((one) => one !== name)
    editFile(main(world), ({ profiles, order, usageStats }) => {
      delete profiles[name]
      delete usageStats?.[name]
      if (order?.['anthropic'] !== undefined) order['anthropic'] = model.order
    })
  }
}

const theirsSaid = (name: string, cooldownUntil: number, lastUsed: number): Act => {
  return async (world) => {
    const known = world.model.profiles.get(name)
    if (known === undefined) return
    Object.assign(known, { heldUntil: cooldownUntil, lastUsed })
    editFile(main(world), (document) => {
      document.usageStats = { ...document.usageStats, [name]: { cooldownUntil, lastUsed, errorCount: 1 } }
    })
  }
}

const theirsElse = (unknown: unknown): Act => {
  return async (world) => {
    world.model.unknown = unknown
    editFile(main(world), (document) => {
      document['later'] = unknown
      document.profiles['other:kind'] = { type: 'later', unknown }
    })
  }
}

const aName = fc.constantFrom(...NAMES)
const one = fc.nat(1)
const later = fc.integer({ min: NOW + 1, max: NOW + 1_000_000 })
const anAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(one, aName).map(([by, name]) => put(by, name)) },
  { weight: 1, arbitrary: fc.tuple(one, aName).map(([by, name]) => rotated(by, name)) },
  { weight: 1, arbitrary: fc.tuple(one, aName).map(([by, name]) => deleted(by, name)) },
  { weight: 1, arbitrary: fc.tuple(one, aName, aName).map(([by, name, to]) => renamed(by, name, to)) },
  {
    weight: 1,
    arbitrary: fc.tuple(one, aName, fc.option(later)).map(([by, name, until]) => heldOff(by, name, until)),
  },
  { weight: 1, arbitrary: fc.tuple(one, aName, fc.nat(NOW)).map(([by, name, at]) => used(by, name, at)) },
  {
    weight: 1,
    arbitrary: fc.tuple(one, fc.shuffledSubarray(NAMES)).map(([by, names]) => ordered(by, names)),
  },
  { weight: 1, arbitrary: fc.tuple(one, aName).map(([by, name]) => failed(by, name)) },
  { weight: 1, arbitrary: one.map(lookedAt) },
  { weight: 3, arbitrary: fc.tuple(aName, fc.string()).map(([name, note]) => theirsPut(name, note)) },
  { weight: 1, arbitrary: aName.map(theirsRemoved) },
  {
    weight: 1,
    arbitrary: fc.tuple(aName, later, fc.nat(NOW)).map(([name, until, at]) => theirsSaid(name, until, at)),
  },
  { weight: 1, arbitrary: fc.jsonValue().map((value) => theirsElse(JSON.parse(JSON.stringify(value)))) },
)

async function seenBy(store: Store): Promise<Map<string, Known & { position: number | null }>> {
  const rows = await list(store)
  const uses = await store.uses.of(
    ORG,
    rows.map(({ id }) => id),
    NOW,
  )
  const seen = await Promise.all(
    rows.map(async (row) => {
      const { key = '' } = await values(store, row)
      const known = { key, heldUntil: row.stateUntil, lastUsed: uses[row.id]?.lastUsedAt ?? null }
      return [row.name, { ...known, position: row.position, note: undefined }] as const
    }),
  )
  return new Map(seen)
}

async function check(world: World, open: () => Store): Promise<void> {
  const { model } = world
  const said = new Map(
    [...model.profiles].map(([name, known]) => {
      const place = model.order.indexOf(name)
      return [name, { ...known, note: undefined, position: place === -1 ? null : place }] as const
    }),
  )
  for (const store of [open(), ...world.stores]) expect(await seenBy(store)).toEqual(said)
  const { profiles, ...document } = writtenIn(main(world))
  expect(document['later']).toEqual(model.unknown)
  expect(profiles['other:kind']).toEqual({ type: 'later', unknown: model.unknown })
  for (const [name, { note }] of model.profiles) expect(profiles[name]?.['note'], name).toBe(note)
}

it('what a fresh process sees is what was done last, whoever did it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anAct, { minLength: 5, maxLength: 40, size: 'max' }), async (acts) => {
      const directory = mkdtempSync(join(tmpdir(), 'claviger-profiles-'))
      const open = () => profileStore({ stateDirectory: directory, masterKey, now: () => NOW }).store
      try {
        const unknown = { first: true }
        const profiles = { 'other:kind': { type: 'later', unknown } }
        placeWith(directory, textOf({ version: 1, later: unknown, profiles }))
        const model: Model = { profiles: new Map(), order: [], unknown }
        const world: World = { directory, stores: [open(), open()], model, serial: 0 }
        for (const act of acts) await act(world)
        await check(world, open)
      } finally {
        rmSync(directory, { recursive: true })
      }
    }),
    { seed: 20_260_101, numRuns: 60 },
  )
})
