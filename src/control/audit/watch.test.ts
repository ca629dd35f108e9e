import { beforeEach, describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House, rowOf } from '../../../test/support/house.ts'
import type { ChainPlace } from '../../domain/audit/chain.ts'
import type { Log } from '../../lib/log.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { type AuditWatch, createAuditWatch, type Seen } from './watch.ts'

let house: House
let lines: { level: string; message: string; fields: object }[]
let kept: Seen | null
let writes: number

beforeEach(() => {
  house = createHouse()
  lines = []
  kept = null
  writes = 0
})

const write = (level: string) => (fields: object, message: string) => {
  lines.push({ level, message, fields })
}
const log: Log = {
  debug: write('debug'),
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
}
const said = (level: string) => lines.filter((line) => line.level === level).map(({ message }) => message)

/** A server's watch; what it keeps outlives it. */
function watch(
  store: Store = house.ports.store,
  read = async (): Promise<Seen | null> => kept,
): Promise<AuditWatch> {
  const file = {
    read,
    write: async (seen: Seen) => {
      writes += 1
      kept = structuredClone(seen)
    },
  }
  const { identity, now } = house.ports
  return createAuditWatch({ store, identity, file, log, now, everyMs: 5 })
}

async function see(times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await house.ask('ada', 'explain', { harness: 'claude', user: 'bob' })
}

const head = () => house.ports.store.audit.head('org-acme')

/** The same database as it was after so many entries: another store, with the first of them. */
async function older(entries: number): Promise<Store> {
  const store = createMemoryStore()
  for (const entry of await house.ports.store.audit.list('org-acme', { limit: entries }))
    await store.audit.append(entry)
  return store
}

describe('a server that looks', () => {
  it('keeps the last place it has seen, and writes only what has moved', async () => {
    const first = await watch()
    await first.look()
    expect([kept, writes]).toEqual([null, 0])
    await see(3)
    await first.look()
    await first.look()
    expect(kept).toEqual({ 'org-acme': await head() })
    expect(writes).toBe(1)
    expect(first.seen('org-acme')).toEqual(await head())
    await see(1)
    await (await watch()).look()
    expect(kept?.['org-acme']?.position).toBe(4)
    expect(said('error')).toEqual([])
  })

  it('looks by itself, and once more when it stops', async () => {
    const one = await watch()
    one.start()
    await see(2)
    await expect.poll(() => kept?.['org-acme']?.position).toBe(2)
    await see(1)
    await one.stop()
    expect(kept?.['org-acme']?.position).toBe(3)
  })

  it('goes on when the database is away for a while', async () => {
    let away = true
    const { store } = house.ports
    const flaky: Store = {
      ...store,
      audit: {
        ...store.audit,
        heads: async () => {
          if (away) throw new Error('gone')
          return store.audit.heads()
        },
      },
    }
    const one = await watch(flaky)
    one.start()
    await see(1)
    await expect.poll(() => said('warn').length).toBeGreaterThan(1)
    away = false
    await expect.poll(() => kept?.['org-acme']?.position).toBe(1)
    await one.stop()
    expect(said('error')).toEqual([])
  })
})

describe('a database that was put back', () => {
  const signIn = { type: 'codex/oauth' } as const

  async function putBack(to: number): Promise<{ house: House; watch: AuditWatch; before: ChainPlace }> {
    await see(5)
    await (await watch()).look()
    const before = await head()
    house = createHouse(await older(to))
    const again = await watch(house.ports.store)
    return { house, watch: again, before }
  }

  it('is logged, recorded with both places, and kept until it is acknowledged', async () => {
    const { watch: again, before } = await putBack(3)
    const found = await head()
    await again.look()
    expect(said('error')[0]).toBe('the database was put back to an older copy')
    const [entry] = await house.ports.store.audit.list('org-acme', { after: 3, limit: 1 })
    expect(entry).toMatchObject({
      action: 'database.rolled-back',
      details: {
        ...{ seenPosition: 5, seenHash: before.hash },
        ...{ foundPosition: 3, foundHash: found.hash, quarantined: 0 },
      },
    })
    const { warnings } = await house.ask('aud', 'audit.warnings', {})
    expect(warnings).toMatchObject([{ kind: 'rolled-back', seen: before, found }])
    expect(warnings[0]?.message).toContain('ended at entry 3, and entry 5 had been seen before')
    expect((await house.ask('eve', 'audit.warnings', {})).warnings).toEqual([])
    const { findings } = await house.ask('aud', 'audit.verify', {})
    expect(findings).toMatchObject([{ kind: 'rolled-back', from: 4, to: 5 }])
  })

  it('is reported once; then what is there counts as seen', async () => {
    const { watch: again } = await putBack(3)
    await again.look()
    await again.look()
    await (await watch(house.ports.store)).look()
    expect(said('error')).toHaveLength(2)
    expect(kept?.['org-acme']).toEqual(await head())
  })

  it('stays in the warnings until an operator has acknowledged it', async () => {
    const { watch: again } = await putBack(3)
    await again.look()
    for (const who of ['ann', 'bob', 'aud', 'eve'] as const) {
      expect((await errorOf(house.ask(who, 'audit.acknowledge', {}))).code).toBe('forbidden')
    }
    expect(await house.ask('ada', 'audit.acknowledge', {})).toEqual({ acknowledged: 1 })
    expect(await house.ask('ada', 'audit.acknowledge', {})).toEqual({ acknowledged: 0 })
    expect((await house.ask('ada', 'audit.warnings', {})).warnings).toEqual([])
    expect((await house.ask('ada', 'audit.verify', {})).findings).toEqual([])
  })

  it('is noticed when it has grown beyond what was seen, with other entries', async () => {
    const { watch: again, before } = await putBack(3)
    await see(7)
    await again.look()
    const { warnings } = await house.ask('ada', 'audit.warnings', {})
    expect(warnings).toMatchObject([{ seen: before, found: { position: 5 } }])
    expect(warnings[0]?.message).toContain('entry 5 of the audit log was another')
  })

  it('is noticed when the log was emptied, and not taken for another database', async () => {
    const { watch: again } = await putBack(0)
    await again.look()
    expect(said('error')).toHaveLength(2)
  })

  it('is another database when the organization is not in it', async () => {
    kept = { 'org-elsewhere': { position: 7, hash: 'a'.repeat(64) } }
    await see(1)
    await (await watch()).look()
    expect(said('error')).toEqual([])
    expect(kept).toEqual({ 'org-elsewhere': { position: 7, hash: 'a'.repeat(64) }, 'org-acme': await head() })
  })

  it('has what rotates in it quarantined, and nothing else', async () => {
    await see(5)
    await (await watch()).look()
    house = createHouse(await older(3))
    const typed = await house.give('ada', 'me', 'typed')
    const { store } = house.ports
    const rotating = { ...(await rowOf(house, typed)), ...signIn, name: 'rotating', id: 'cred_rotating' }
    await store.credentials.insert(rotating)
    await store.credentials.insert({ ...rotating, id: 'cred_foreign', organizationId: 'org-globex' })
    await (await watch(store)).look()
    expect(await rowOf(house, 'cred_rotating')).toMatchObject({
      state: 'quarantined',
      stateReason: 'the database was put back to an older copy',
    })
    expect((await rowOf(house, typed)).state).toBe('ok')
    expect((await store.credentials.get('org-globex', 'cred_foreign'))?.state).toBe('ok')
    expect((await house.audit()).at(-1)?.details['quarantined']).toBe(1)
  })
})

describe('what was seen', () => {
  it('that cannot be read is reported and begun anew', async () => {
    await see(2)
    const broken = await watch(house.ports.store, async () => {
      throw new Error('damaged')
    })
    expect(said('error')[0]).toMatch(/^Whether the database was put back cannot be said/)
    await broken.look()
    expect(kept?.['org-acme']).toEqual(await head())
  })
})
