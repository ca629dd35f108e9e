// Whatever a program, the server and people do: each message is given to the program once as itself, in order, and comes
// to an end; nothing is reported that cannot be; what the program said is kept once.

import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { GOING_ON, NO_PLACES, newProcess } from '../../../test/support/carrying.ts'
import {
  type KeptRun,
  leaseOf,
  type MemoryRunServer,
  memoryRunServer,
} from '../../../test/support/memory-run-server.ts'
import { failureOf, type Played, played, playedSeat, type Turn } from '../../../test/support/played-seat.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isFinal, type RunRequest } from '../../domain/runs/run.ts'
import { carryOut } from './carrying-out.ts'
import type { Verdict } from './run-server.ts'
import { startWorker, type Worker } from './worker.ts'

// Pauses are five hundred times shorter.
vi.mock('node:timers/promises', async (original) =>
  (await import('../../../test/support/short-pauses.ts')).shortened(await original(), 500),
)

interface World {
  readonly memory: MemoryRunServer
  readonly program: Played
  readonly run: KeptRun
  readonly sent: string[]
  worker: Worker
}

type Act = (world: World) => Promise<void> | void

// It throws what a person would be told.
const asks = (what: RunRequest): Act => {
  return ({ memory, run }) => {
    try {
      memory.ask(run, what)
    } catch (error) {
      expect(error).toMatchObject({ code: 'conflict' })
    }
  }
}

const sends: Act = ({ memory, run, sent }) => {
  const text = `message ${sent.length + 1}`
  try {
    memory.send(run, text)
    sent.push(text)
  } catch (error) {
    expect(error).toMatchObject({ code: 'conflict' })
  }
}

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(sends) },
  { weight: 2, arbitrary: fc.constantFrom<RunRequest>('hibernate', 'wake').map(asks) },
  fc.constantFrom<RunRequest>('cancel', 'end').map(asks),
  fc.constant<Act>(({ memory }) => memory.tell({ type: 'login-arrived', generation: null })),
  fc.integer({ min: 1, max: 15 }).map((ms): Act => {
    return async ({ memory }) => {
      memory.away = true
      await real(ms)
      memory.away = false
    }
  }),
  fc.integer({ min: 1, max: 3 }).map((times): Act => {
    return ({ memory }) => {
      memory.losing = times
    }
  }),
  fc.constant<Act>(async (world) => {
    await world.worker.stop()
    world.worker = startIn(world)
  }),
  fc.integer({ min: 1, max: 20 }).map(
    (ms): Act =>
      () =>
        real(ms),
  ),
)

const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Turn>({ is: 'done' }) },
  fc.constantFrom('authentication', 'quota', 'overload', 'request').map((kind): Turn => {
    return { is: 'fails', failure: failureOf(kind) }
  }),
  fc.boolean().map((early): Turn => ({ is: 'dies', early })),
  fc.constant<Turn>({ is: 'slow', ms: 10 }),
)

const verdict: fc.Arbitrary<Verdict | ClavigerError> = fc.constantFrom<Verdict | ClavigerError>(
  { kind: 'retry', reason: 'renewed' },
  { kind: 'switch', reason: 'out', lease: leaseOf('another') },
  { kind: 'wait', reason: 'sign in', until: null },
  { kind: 'fail', reason: 'nothing is left' },
  new ClavigerError('no_credential', 'This lease is over.'),
  new ClavigerError('unreachable', 'It is away.'),
)

const real = (ms: number) => sleep(ms * 500)

function startIn({ memory, program }: Pick<World, 'memory' | 'program'>): Worker {
  return startWorker({
    ...{ server: memory.server, capacity: 1, directories: [], said: () => undefined },
    machine: { version: '1.0.0', programs: [{ harness: 'claude', version: null }] },
    ...{ places: NO_PLACES, names: newProcess() },
    carryOut: (run) =>
      carryOut({
        ...{ server: memory.server, run, continuation: GOING_ON, now: Date.now },
        ambient: async () => 'none',
        seat: async (hear) => playedSeat(program, hear),
        clear: async () => undefined,
      }),
  })
}

// Nothing bad happens any more: what has failed is started again, what waits gets something.
async function settle(world: World): Promise<void> {
  const { memory, program, run } = world
  program.turns.length = 0
  memory.verdicts.length = 0
  const isSettled = () =>
    isFinal(run.run.state) || (run.run.state === 'ready' && run.run.waiting + run.run.open === 0)
  for (let i = 0; i < 500 && !isSettled(); i += 1) {
    if (run.run.state === 'failed' || run.run.state === 'hibernated' || run.run.wish === 'hibernate')
      await asks('wake')(world)
    memory.tell({ type: 'login-arrived', generation: null })
    await real(5)
  }
  expect(isSettled(), JSON.stringify([run.run, run.messages])).toBe(true)
}

it('each message is given once, in order, and comes to an end', async () => {
  const scripts = fc.record({
    acts: fc.array(act, { maxLength: 12 }),
    turns: fc.array(turn, { maxLength: 12 }),
    verdicts: fc.array(verdict, { maxLength: 6 }),
  })
  await fc.assert(
    fc.asyncProperty(scripts, async ({ acts, turns, verdicts }) => {
      const memory = memoryRunServer()
      memory.verdicts.push(...verdicts)
      const program = played(...turns)
      const started = { memory, program, run: memory.begin('message 1'), sent: ['message 1'] }
      const world: World = { ...started, worker: startIn(started) }
      try {
        for (const one of acts) await one(world)
        await settle(world)
      } finally {
        await world.worker.stop()
      }
      const { run, sent } = world
      const given = program.taken.filter((text) => text !== GOING_ON)
      expect(given).toEqual(sent.slice(0, given.length))
      expect(memory.refusals).toEqual([])
      if (isFinal(run.run.state)) return
      expect(given).toEqual(sent)
      expect(run.messages.every(({ state }) => state === 'done' || state === 'failed')).toBe(true)
      expect(run.events.flatMap((event) => (event.kind === 'text' ? [event.text] : []))).toEqual(program.said)
    }),
    { numRuns: 150, interruptAfterTimeLimit: 12_000 },
  )
}, 60_000)
