// When a process needs its turn at the files of profiles, and when it does not.

import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { ORG } from '../../test/support/profile-credentials.ts'
import { NOW, useProfileDesk } from '../../test/support/profile-desk.ts'
import { apiKey, editFile } from '../../test/support/profile-files.ts'
import { takeLock } from '../lib/files/file-lock.ts'
import { newId } from '../lib/id.ts'
import type { LeaseRow } from '../store/store.ts'
import { type AgentPlace, placeOf } from './place.ts'

const { change, insert, list, named, namesIn, open, stateDirectory, write } = useProfileDesk()

let main: AgentPlace

beforeEach(() => {
  main = placeOf(stateDirectory(), 'main')
})

describe('whoever only looks', () => {
  it('needs no turn, and sees nothing old', async () => {
    write({ 'anthropic:a': apiKey('a') })
    const { store } = open()
    await list(store)
    await insert(open().store, 'anthropic:b', 'sk-ant-test-b')
    const unlock = takeLock(main.lock)
    expect(await namesIn(store)).toEqual(['anthropic:a', 'anthropic:b'])
    expect(await namesIn(open().store)).toEqual(['anthropic:a', 'anthropic:b'])
    unlock()
  })

  it('waits for its turn where what it finds has to be written down', async () => {
    write({ 'anthropic:a': apiKey('a') })
    const { store } = open()
    await list(store)
    const unlock = takeLock(main.lock)
    editFile(main, ({ profiles }) => {
      profiles['anthropic:b'] = apiKey('b')
    })
    const looking = settling(namesIn(store))
    await sleep(100)
    expect(looking.isOver()).toBe(false)
    unlock()
    expect(await looking.done).toEqual(['anthropic:a', 'anthropic:b'])
    expect(await list(open().store)).toEqual(await list(store))
  })

  it('waits for its turn while somebody is in the middle of a change', async () => {
    write({ 'anthropic:a': apiKey('a') })
    const { store } = open()
    await list(store)
    const unlock = takeLock(main.lock)
    writeFileSync(main.pending, '{"parts":[]}', { mode: 0o600 })
    const looking = settling(namesIn(store))
    await sleep(100)
    expect(looking.isOver()).toBe(false)
    unlock()
    expect(await looking.done).toEqual(['anthropic:a'])
  })
})

describe('a change', () => {
  const lease: LeaseRow = {
    ...{ id: newId('lease'), organizationId: ORG, credentialId: null, generation: 1, harness: 'claude' },
    ...{ holderKind: 'person', holderId: 'user-ada', tokenId: null, handleDigest: 'aa', choice: '{}' },
    ...{ createdAt: NOW, expiresAt: NOW + 1, endedAt: null, endReason: null },
  }

  it('of what is in no file needs no turn', async () => {
    write({ 'anthropic:a': apiKey('a') })
    const { store } = open()
    await list(store)
    const unlock = takeLock(main.lock)
    const signals: unknown[] = []
    store.signals.listen((heard) => signals.push(heard))
    const { id } = await named(store, 'anthropic:a')
    await store.atomically(async (unit) => {
      const row = await unit.credentials.get(ORG, id)
      await unit.leases.insert({ ...lease, credentialId: row?.id ?? '' })
      await unit.signals.send('grants', id)
    })
    expect(await store.leases.get(ORG, lease.id)).toMatchObject({ credentialId: id })
    expect(signals).toEqual([{ topic: 'grants', subject: id }])
    await expect(store.leases.insert(lease)).rejects.toMatchObject({ code: 'conflict' })
    unlock()
  })

  it('of a profile waits for its turn, and is decided again with what is there then', async () => {
    write({ 'anthropic:a': apiKey('a') })
    const { store } = open()
    const seen: string[] = []
    await list(store)
    const unlock = takeLock(main.lock)
    const changing = settling(
      store.atomically(async (unit) => {
        const all = await unit.credentials.list(ORG, {}, { limit: 10 })
        seen.push(all.map(({ name }) => name).join())
        for (const row of all) await change(unit, row, { description: `one of ${all.length}` })
      }),
    )
    await sleep(100)
    expect(changing.isOver()).toBe(false)
    editFile(main, ({ profiles }) => {
      profiles['anthropic:b'] = apiKey('b')
    })
    unlock()
    await changing.done
    expect(seen).toEqual(['anthropic:a', 'anthropic:a,anthropic:b'])
    expect((await list(open().store)).map(({ description }) => description)).toEqual(['one of 2', 'one of 2'])
  })
})

function settling<T>(work: Promise<T>): { readonly done: Promise<T>; isOver(): boolean } {
  let isOver = false
  const done = work.finally(() => {
    isOver = true
  })
  return { done, isOver: () => isOver }
}
