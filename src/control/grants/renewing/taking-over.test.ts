// What an earlier process of this server has left of its tries: taken over, or of no use any more.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type GrantServer, grantWorld } from '../../../../test/support/grants.ts'
import { Secret } from '../../../domain/secret.ts'
import type { LeftRenewal } from '../../../providers/provider.ts'

const MINUTE = 60_000

/** A login whose renewal was begun by a server that is no more, and what that has left. */
async function killed() {
  const world = grantWorld()
  const id = await world.signIn(-MINUTE)
  const noted = Promise.withResolvers<string>()
  const rotate = world.provider.renew
  world.provider.renew = (_, __, { note = '' }) => {
    world.provider.calls += 1
    noted.resolve(note)
    return new Promise(() => undefined)
  }
  void world.server('a').grants.want(id, { kind: 'use' })
  const note = await noted.promise
  world.provider.renew = rotate
  const answer = Promise.withResolvers<Secret | null>()
  const removed: string[] = []
  const left = (text = note): LeftRenewal => ({
    note: text,
    answer: () => answer.promise,
    remove: async () => void removed.push(text),
  })
  world.provider.leftBehind = async () => [left()]
  const minted = new Secret(
    JSON.stringify({ access: 'at-test-new', refresh: 'rt-test-new', account: 'acct-1' }),
  )
  return { world, id, note, left, minted, answer: answer.resolve, removed }
}

async function tookOver({ grants }: GrantServer) {
  await grants.takeOver()
  await grants.ended()
}

it('nobody sends the token again while its answer may come, and then it is the answer', async () => {
  const { world, id, minted, answer, removed, note } = await killed()
  const again = world.server('a')
  await again.grants.takeOver()
  const waiting = again.grants.want(id, { kind: 'use' })
  await sleep(100)
  expect(world.provider.calls).toBe(1)
  expect(removed).toEqual([])
  answer(minted)
  expect(await waiting).toEqual({ kind: 'good', generation: 2 })
  expect(world.provider.calls).toBe(1)
  expect(again.journal.lines.size).toBe(1)
  await expect.poll(() => removed).toEqual([note])
})

it('when no answer comes the token is sent once more', async () => {
  const { world, id, answer, removed, note } = await killed()
  const again = world.server('a')
  await again.grants.takeOver()
  const waiting = again.grants.want(id, { kind: 'use' })
  answer(null)
  expect(await waiting).toEqual({ kind: 'good', generation: 2 })
  expect(world.provider.calls).toBe(2)
  expect(removed).toEqual([note])
})

it('an answer that was stored already is not stored again', async () => {
  const { world, id, minted, answer, removed } = await killed()
  answer(minted)
  await tookOver(world.server('a'))
  const next = world.server('a')
  await tookOver(next)
  expect(removed).toHaveLength(2)
  expect(next.journal.lines.size).toBe(0)
  expect(await next.grants.want(id, { kind: 'use' })).toEqual({ kind: 'good', generation: 2 })
})

it('what belongs to a credential that is gone, or to nobody knows what, is removed', async () => {
  const { world, id, left, note, minted, answer, removed } = await killed()
  const notes = ['', 'nonsense', '{}', '{"attempt":1}', note]
  world.provider.leftBehind = async () => notes.map(left)
  await world.store.atomically((unit) => unit.credentials.delete('org-acme', id))
  answer(minted)
  const again = world.server('a')
  await tookOver(again)
  expect(removed.toSorted()).toEqual(notes.toSorted())
  expect(again.journal.lines.size).toBe(0)
})

it('what cannot be stored stays for the next start', async () => {
  const { world, minted, answer, removed } = await killed()
  answer(minted)
  const full = () => Promise.reject(new Error('ENOSPC'))
  const broken = world.server('a', { persistently: full })
  await tookOver(broken)
  expect(removed).toEqual([])
})
