// What ends a run, or interrupts it, over a server in memory and a program that is played.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type CarryingWorld,
  carryingWorld,
  GOING_ON,
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

const REFUSED = { is: 'fails', failure: failureOf('authentication') } as const

describe('what somebody wishes', () => {
  it.each([
    ['hibernate', 'hibernated', 0],
    ['cancel', 'cancelled', 1],
    ['end', 'done', 1],
  ] as const)('to %s ends its process in the middle of a turn', async (wish, state, places) => {
    const run = memory.begin('one')
    const program = played({ is: 'hangs' })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    memory.ask(run, wish)
    await world.news(one, run)
    await one.over
    expect(run.run.state).toBe(state)
    expect([world.cleared, messagesOf(run)]).toEqual([places, ['one sent']])
    expect(memory.refusals).toEqual([])
  })

  it('is obeyed while its place is made, and the program is given nothing', async () => {
    const run = memory.begin('one')
    const made = Promise.withResolvers<void>()
    const program = played()
    const one = await world.carry(program, { seat: () => made.promise })
    memory.ask(run, 'cancel')
    await world.news(one, run)
    made.resolve()
    await one.over
    expect([run.run.state, program.taken]).toEqual(['cancelled', []])
  })

  it.each(['cancel', 'leave'] as const)('ends the making of its place: %s', async (how) => {
    const run = memory.begin('one')
    const program = played()
    const begun = Promise.withResolvers<void>()
    const one = await world.carry(program, {
      seat: (signal) => {
        begun.resolve()
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new ClavigerError('invalid', 'It was interrupted.')))
        })
      },
    })
    await begun.promise
    if (how === 'leave') await one.leave()
    else {
      memory.ask(run, 'cancel')
      await world.news(one, run)
    }
    await one.over
    expect([run.run.state, program.taken]).toEqual([how === 'leave' ? 'booting' : 'cancelled', []])
  })

  it('is obeyed while it waits for credentials', async () => {
    const run = memory.begin('one')
    memory.verdicts.push({ kind: 'wait', reason: 'sign in', until: null })
    const one = await world.carry(played(REFUSED))
    await until(() => expect(memory.followers()).toBe(1))
    memory.ask(run, 'cancel')
    await world.news(one, run)
    await one.over
    expect([run.run.state, memory.followers()]).toEqual(['cancelled', 0])
  })

  it('and takes back, too late for its process: it is taken up again at once', async () => {
    const run = memory.begin('one')
    const program = played({ is: 'hangs' })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    memory.ask(run, 'hibernate')
    await world.news(one, run)
    memory.send(run, 'two')
    one.hear({ bell: run.run.bell, wish: null, messages: [] })
    await one.over
    expect(run.run.state).toBe('queued')
    await world.carry(program)
    await isReady(run)
    expect(program.taken).toEqual(['one', GOING_ON, 'two'])
  })

  it('as soon as it is claimed', async () => {
    const run = memory.begin('one')
    memory.step(run, { is: 'claimed', claim: { id: 'old', worker: 'w1', at: 1 } })
    memory.ask(run, 'hibernate')
    const program = played()
    await (await world.carry(program)).over
    expect([run.run.state, program.taken]).toEqual(['hibernated', []])
  })
})

describe('a worker', () => {
  it('that has lost a run to another ends its process, and says nothing more', async () => {
    const run = memory.begin('one')
    const program = played({ is: 'hangs' })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    memory.step(run, { is: 'claimed', claim: { id: 'another', worker: 'w1', at: 2 } })
    const states = [...run.states]
    one.lose()
    await one.over
    expect(run.states).toEqual(states)
    expect(run.run).toMatchObject({ state: 'booting', claim: { id: 'another' } })
  })

  it('notices so itself when it says something', async () => {
    const run = memory.begin('one')
    const gate = Promise.withResolvers<void>()
    const program = played({ is: 'warns', failure: failureOf('overload'), until: gate.promise })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    memory.step(run, { is: 'claimed', claim: { id: 'another', worker: 'w1', at: 2 } })
    gate.resolve()
    await one.over
    expect(messagesOf(run)).toEqual(['one sent'])
  })

  it('goes on while the server is away, and says everything afterwards', async () => {
    const run = memory.begin('one', 'two')
    const gate = Promise.withResolvers<void>()
    const program = played({ is: 'warns', failure: failureOf('overload'), until: gate.promise })
    await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    memory.away = true
    gate.resolve()
    await until(() => expect(program.said).toHaveLength(1))
    await new Promise((resolve) => setTimeout(resolve, 100))
    memory.away = false
    memory.losing = 2
    await isReady(run)
    expect(run.events.filter(({ kind }) => kind === 'text')).toHaveLength(2)
    expect(messagesOf(run)).toEqual(['one done', 'two done'])
    expect(program.taken).toEqual(['one', 'two'])
  })

  it('can go while the server is away', async () => {
    memory.begin('one')
    const gate = Promise.withResolvers<void>()
    const program = played({ is: 'warns', failure: failureOf('overload'), until: gate.promise })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    memory.away = true
    gate.resolve()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await one.leave()
  })

  it('that goes says first what its program has said', async () => {
    const run = memory.begin('one')
    const program = played({ is: 'hangs' })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    await one.leave()
    expect(run.events).toContainEqual({ kind: 'session', session: 's1', model: null })
    expect(run.run.state).toBe('working')
  })
})
