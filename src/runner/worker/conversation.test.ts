// The messages of a run, and what becomes of turns that fail, over a server in memory and a program that is played.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type CarryingWorld,
  carryingWorld,
  GOING_ON,
  isReady,
  messagesOf,
  until,
} from '../../../test/support/carrying.ts'
import { leaseOf, type MemoryRunServer } from '../../../test/support/memory-run-server.ts'
import { failureOf, played } from '../../../test/support/played-seat.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { FAILURE_CODE } from '../../harnesses/conversing.ts'

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

describe('messages', () => {
  it('are given to the program in their order, each when the last is done', async () => {
    const run = memory.begin('one', 'two')
    const program = played()
    const one = await world.carry(program)
    await isReady(run)
    memory.send(run, 'three')
    await world.news(one, run)
    await isReady(run)
    expect(program.taken).toEqual(['one', 'two', 'three'])
    expect(messagesOf(run)).toEqual(['one done', 'two done', 'three done'])
    expect(run.events.flatMap((event) => (event.kind === 'text' ? [event.text] : []))).toEqual(program.said)
    expect(memory.refusals).toEqual([])
  })

  it('that may have reached a process before are not given again', async () => {
    const run = memory.begin('one')
    const program = played({ is: 'hangs' })
    const one = await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
    await one.leave()
    expect(messagesOf(run)).toEqual(['one sent'])
    await world.carry(program)
    await isReady(run)
    expect(program.taken).toEqual(['one', GOING_ON])
  })

  it('that certainly never did are', async () => {
    memory.begin('one')
    const program = played({ is: 'dies', early: true })
    await world.carry(program)
    await until(() => expect(program.taken).toEqual(['one']))
  })

  it('fail alone when the provider does not do what they ask', async () => {
    const run = memory.begin('one', 'two')
    await world.carry(played({ is: 'fails', failure: failureOf('request') }))
    await isReady(run)
    expect(messagesOf(run)).toEqual(['one failed', 'two done'])
    expect(run.messages[0]?.reason).toBe('refused: request')
  })
})

describe('a refusal', () => {
  it('is healed by what the lease holds now', async () => {
    const run = memory.begin('one')
    const program = played(REFUSED)
    await world.carry(program)
    await isReady(run)
    expect(program).toMatchObject({ taken: ['one', GOING_ON], refreshed: 1 })
    expect(run.states).toEqual(['working', 'reauthenticating: Re-authenticating Claude', 'working', 'ready'])
  })

  it('is healed by another lease', async () => {
    const run = memory.begin('one')
    memory.verdicts.push({ kind: 'switch', reason: 'it is out', lease: leaseOf('another') })
    const program = played(REFUSED)
    await world.carry(program)
    await isReady(run)
    expect(program.leases).toEqual(['lease-4', 'another'])
  })

  it('of a lease that is over is healed by a new one', async () => {
    const run = memory.begin('one')
    memory.verdicts.push(new ClavigerError('no_credential', 'This lease is over: it has expired.'))
    const program = played(REFUSED)
    await world.carry(program)
    await isReady(run)
    expect(program.leases).toHaveLength(2)
    expect(program.taken).toEqual(['one', GOING_ON])
  })

  it('waits until something arrives, and says for what', async () => {
    const run = memory.begin('one')
    memory.verdicts.push({ kind: 'wait', reason: 'sign in again', until: null })
    await world.carry(played(REFUSED))
    await until(() =>
      expect(run.run).toMatchObject({ state: 'waiting_for_credentials', reason: 'sign in again' }),
    )
    await until(() => expect(memory.followers()).toBe(1))
    memory.verdicts.push({ kind: 'switch', reason: 'it is here', lease: leaseOf('late') })
    memory.tell({ type: 'login-arrived', generation: null })
    await isReady(run)
    expect(memory.followers()).toBe(0)
  })

  it('does not ask all the time until a time that is over for the clock of this machine', async () => {
    const run = memory.begin('one')
    const wait = { kind: 'wait', reason: 'its quota is used up', until: Date.now() - 60_000 } as const
    memory.verdicts.push(...Array.from({ length: 50 }, () => wait))
    await world.carry(played(REFUSED))
    await until(() => expect(run.run.state).toBe('waiting_for_credentials'))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(memory.rejections).toHaveLength(1)
  })

  it('nor until one that no timer reaches', async () => {
    const run = memory.begin('one')
    const wait = { kind: 'wait', reason: 'it is used up', until: Date.now() + 30 * 24 * 3_600_000 } as const
    memory.verdicts.push(...Array.from({ length: 50 }, () => wait))
    await world.carry(played(REFUSED))
    await until(() => expect(run.run.state).toBe('waiting_for_credentials'))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(memory.rejections).toHaveLength(1)
  })

  it('ends the run when nothing is left, and the message goes on when it is woken', async () => {
    const run = memory.begin('one')
    memory.verdicts.push({ kind: 'fail', reason: 'nothing is left' })
    const program = played(REFUSED)
    await (await world.carry(program)).over
    expect(run.run).toMatchObject({ state: 'failed', reason: 'nothing is left' })
    memory.ask(run, 'wake')
    await world.carry(program)
    await isReady(run)
    expect(program.taken).toEqual(['one', GOING_ON])
  })

  it('again and again ends the run', async () => {
    const run = memory.begin('one')
    await (await world.carry(played(...Array.from({ length: 20 }, () => REFUSED)))).over
    expect(run.run.state).toBe('failed')
    expect(run.run.reason).toContain("Couldn't authenticate with Claude after multiple attempts.")
    expect(memory.rejections).toHaveLength(8)
  })

  it('that a program warns of is asked about once, while its turn goes on', async () => {
    const run = memory.begin('one')
    const asked = Promise.withResolvers<void>()
    const program = played({ is: 'warns', failure: failureOf('authentication'), until: asked.promise })
    await world.carry(program, { isLive: true })
    await until(() => expect(run.run.state).toBe('working'))
    await until(() => expect(memory.rejections).toHaveLength(1))
    asked.resolve()
    await isReady(run)
    expect(program.taken).toEqual(['one'])
    expect(run.states).toEqual(['working', 'reauthenticating: Re-authenticating Claude', 'working', 'ready'])
  })

  it('that it warned of in vain goes on with the lease that the server has chosen', async () => {
    const run = memory.begin('one')
    memory.verdicts.push({ kind: 'switch', reason: 'it is out', lease: leaseOf('another') })
    const until = new Promise((resolve) => setTimeout(resolve, 50))
    const program = played({ is: 'warns', failure: failureOf('authentication'), until })
    await world.carry(program, { isLive: true })
    await isReady(run)
    expect(program.leases.at(-1)).toBe('another')
    expect(memory.rejections).toHaveLength(1)
  })
})

describe('what is not about the credential', () => {
  it('is tried again for a while when the provider is busy, and then the message has failed', async () => {
    const run = memory.begin('one')
    const busy = { is: 'fails', failure: failureOf('overload') } as const
    const program = played(busy, busy, { is: 'done' }, ...Array.from({ length: 6 }, () => busy))
    const one = await world.carry(program)
    await isReady(run)
    expect(program.taken).toEqual(['one', GOING_ON, GOING_ON])
    memory.send(run, 'two')
    await world.news(one, run)
    await isReady(run)
    expect(messagesOf(run)).toEqual(['one done', 'two failed'])
    expect(memory.rejections).toEqual([])
  })

  it('is a program that dies: it goes on', async () => {
    const run = memory.begin('one')
    const dies = { is: 'dies', early: false } as const
    const program = played(dies, dies)
    await world.carry(program)
    await isReady(run)
    expect(program.taken).toEqual(['one', GOING_ON, GOING_ON])
  })

  it('is a program that does so again and again: it has failed', async () => {
    const run = memory.begin('two')
    const dies = { is: 'dies', early: false } as const
    await (await world.carry(played(dies, dies, dies))).over
    expect(run.run).toMatchObject({ state: 'failed', reason: 'refused: program' })
  })

  it('is a session that the program has lost: it begins another', async () => {
    const lost = { is: 'fails', failure: failureOf('program', FAILURE_CODE.sessionNotFound) } as const
    const run = memory.begin('one')
    const program = played(lost)
    await world.carry(program)
    await isReady(run)
    expect(program.taken).toEqual(['one', 'one'])
    expect(run.events).toContainEqual({
      kind: 'notice',
      text: expect.stringContaining('knows nothing of what was said before'),
    })
  })

  it('is one that loses every session: it has failed', async () => {
    const run = memory.begin('one')
    const lost = { is: 'fails', failure: failureOf('program', FAILURE_CODE.sessionNotFound) } as const
    await (await world.carry(played(...Array.from({ length: 30 }, () => lost)))).over
    expect(run.run.state).toBe('failed')
  })

  it('is a place that cannot be made: the run says why', async () => {
    const run = memory.begin('one')
    const seat = async () => {
      throw new ClavigerError('invalid', 'There is no such ref.', { hint: 'Name another.' })
    }
    await (await world.carry(played(), { seat })).over
    expect(run.run).toMatchObject({ state: 'failed', reason: 'There is no such ref. Name another.' })
  })

  it('is a lease that cannot be had yet', async () => {
    const run = memory.begin('one')
    const program = played()
    memory.leaseErrors.push(
      new ClavigerError('needs_login', 'The login main is over.', { hint: 'Sign in again.' }),
      new ClavigerError('unreachable', 'It is away.'),
    )
    await world.carry(program)
    await isReady(run)
    expect(run.states).toEqual([
      'waiting_for_credentials: The login main is over. Sign in again.',
      'working',
      'ready',
    ])
  })
})
