// What somebody chooses in mid-conversation, and what they break off, over a server in memory and a program that is played.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type CarryingWorld,
  carryingWorld,
  isReady,
  messagesOf,
  until,
} from '../../../test/support/carrying.ts'
import type { MemoryRunServer } from '../../../test/support/memory-run-server.ts'
import { failureOf, played } from '../../../test/support/played-seat.ts'
import { ClavigerError } from '../../domain/errors.ts'

// Pauses are a hundred times shorter.
vi.mock('node:timers/promises', async (original) =>
  (await import('../../../test/support/short-pauses.ts')).shortened(await original(), 100),
)

let world: CarryingWorld
let memory: MemoryRunServer

beforeEach(() => {
  world = carryingWorld()
  memory = world.memory
})
afterEach(() => world.close())

const OPUS = { is: 'chosen', what: { credential: null, model: 'opus' } } as const

describe('what was chosen', () => {
  it('serves the next turn, by a lease of its own and with its model; the turn under way goes on', async () => {
    const run = memory.begin('one')
    const program = played({ is: 'slow', ms: 50 })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    memory.step(run, OPUS)
    await world.news(one, run)
    await isReady(run)
    expect(program.leases).toHaveLength(1)
    memory.send(run, 'two')
    await world.news(one, run)
    await isReady(run)
    memory.send(run, 'three')
    await world.news(one, run)
    await isReady(run)
    expect([program.leases.length, program.taken]).toEqual([2, ['one', 'two', 'three']])
    expect(world.model()).toBe('opus')
  })

  it('is looked at at once by one that waits for a credential', async () => {
    const run = memory.begin('one')
    memory.leaseErrors.push(...Array.from({ length: 3 }, () => new ClavigerError('no_credential', 'none')))
    const program = played()
    const one = await world.carry(program)
    await until(() => expect(run.states).toContain('waiting_for_credentials: none'))
    memory.leaseErrors.length = 0
    memory.step(run, OPUS)
    await world.news(one, run)
    await isReady(run)
    expect(messagesOf(run)).toEqual(['one done'])
  })
})

it('a lease that was ended while nothing was said serves no turn', async () => {
  const run = memory.begin('one')
  const program = played()
  const one = await world.carry(program)
  await isReady(run)
  memory.over.add(program.leases[0] ?? '')
  memory.send(run, 'two')
  await world.news(one, run)
  await isReady(run)
  expect([program.leases.length, program.taken]).toEqual([2, ['one', 'two']])
})

describe('a message that is broken off', () => {
  it('has failed, its program ends, and the next one is answered in the same conversation', async () => {
    const run = memory.begin('one')
    const program = played({ is: 'hangs' })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    memory.send(run, 'two')
    memory.step(run, { is: 'interrupted', message: run.messages[0]?.id ?? '' })
    await world.news(one, run)
    await isReady(run)
    expect(messagesOf(run)).toEqual(['one failed', 'two done'])
    expect(run.messages[0]?.reason).toBe('it was interrupted')
    expect([program.taken, program.from, program.leases.length]).toEqual([['one', 'two'], 0, 2])
    expect(memory.refusals).toEqual([])
  })

  it('while it waits for credentials too', async () => {
    const run = memory.begin('one')
    memory.verdicts.push({ kind: 'wait', reason: 'sign in', until: null })
    const one = await world.carry(played({ is: 'fails', failure: failureOf('authentication') }))
    await until(() => expect(memory.followers()).toBe(1))
    memory.step(run, { is: 'interrupted', message: run.messages[0]?.id ?? '' })
    await world.news(one, run)
    await isReady(run)
    expect([messagesOf(run), memory.followers()]).toEqual([['one failed'], 0])
  })

  it('after its worker was killed is not gone on with', async () => {
    const run = memory.begin('one')
    const first = played({ is: 'hangs' })
    const killed = await world.carry(first)
    await until(() => expect(first.taken).toEqual(['one']))
    memory.step(run, { is: 'interrupted', message: run.messages[0]?.id ?? '' })
    await killed.leave()
    const second = played()
    await world.carry(second)
    await isReady(run)
    expect([messagesOf(run), second.taken]).toEqual([['one failed'], []])
  })

  it('is none when it was answered meanwhile', async () => {
    const run = memory.begin('one')
    const program = played()
    const one = await world.carry(program)
    await isReady(run)
    memory.step(run, { is: 'interrupted', message: run.messages[0]?.id ?? '' })
    memory.send(run, 'two')
    await world.news(one, run)
    await isReady(run)
    expect(messagesOf(run)).toEqual(['one done', 'two done'])
  })
})
