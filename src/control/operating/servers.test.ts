import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { bootId, identifyProcess } from '../../lib/process.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { createServers } from './servers.ts'

const MINUTE = 60_000

function server(store: Store, clock: { now: number }, ...keyIds: string[]) {
  return createServers({ store, vault: { keyIds }, elapsed: () => clock.now })
}

async function two() {
  const [store, clock] = [createMemoryStore(), { now: 0 }]
  await store.installation.put('master-key-id', 'old')
  const [one, other] = [server(store, clock, 'old'), server(store, clock, 'new', 'old')]
  await one.announce()
  await other.announce()
  return { store, clock, one, other }
}

// What a server says that is a process of somewhere else.
async function announceElsewhere(store: Store, changed: object = {}) {
  const process_ = { host: 'elsewhere pid:[1]', pid: 1, start: '1' }
  const said = { name: 'elsewhere (process 1)', keyIds: ['old'], beat: 1, boot: 'another', process: process_ }
  await store.installation.put('server:elsewhere', JSON.stringify({ ...said, ...changed }))
}

describe('servers on one database', () => {
  it('know of each other, with their keys, until they withdraw', async () => {
    const { one, other } = await two()
    expect(await one.others()).toEqual([{ name: expect.stringContaining('process'), keyIds: ['new', 'old'] }])
    expect((await other.others()).map(({ keyIds }) => keyIds)).toEqual([['old']])
    await other.withdraw()
    expect(await one.others()).toEqual([])
  })

  it('count as there until they have been watched to be silent, whatever the clocks say', async () => {
    const { store, clock, one, other } = await two()
    await other.withdraw()
    await announceElsewhere(store)
    clock.now = 60 * MINUTE
    expect(await one.others()).toHaveLength(1)
    clock.now += 1.9 * MINUTE
    expect(await one.others()).toHaveLength(1)
    await announceElsewhere(store, { beat: 2 })
    clock.now += 1.9 * MINUTE
    expect(await one.others()).toHaveLength(1)
    clock.now += 2.1 * MINUTE
    expect(await one.others()).toEqual([])
    expect(await store.installation.get('server:elsewhere')).toBeUndefined()
  })

  it('are gone at once when they were processes of this machine that have ended', async () => {
    const { store, one, other } = await two()
    await other.withdraw()
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' })
    const said = { boot: bootId(), process: identifyProcess(child.pid ?? 0) }
    await announceElsewhere(store, said)
    expect(await one.others()).toHaveLength(1)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await one.others()).toEqual([])
    // The same numbers, before this machine was started the last time, or on another: nobody can know.
    await announceElsewhere(store, { ...said, boot: 'another' })
    expect(await one.others()).toHaveLength(1)
  })

  it('are there with unknown keys when another version says it in another way', async () => {
    const { store, one, other } = await two()
    await other.withdraw()
    await store.installation.put('server:later', JSON.stringify({ version: 2 }))
    expect(await one.others()).toEqual([{ name: 'later', keyIds: [] }])
  })

  it('refuse to be there without the recorded key', async () => {
    const { store, one, other } = await two()
    await store.installation.put('master-key-id', 'new')
    await expect(one.announce()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('new'),
    })
    await expect(other.announce()).resolves.toBeUndefined()
  })
})
