// A worker over a server in memory; what it carries out runs with is a promise.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { NO_PLACES, newProcess } from '../../../test/support/carrying.ts'
import { type MemoryRunServer, memoryRunServer } from '../../../test/support/memory-run-server.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Carried } from './carrying-out.ts'
import type { ClaimedRun, RunNews } from './run-server.ts'
import type { RunPlaces } from './tidying.ts'
import { startWorker, type Worker } from './worker.ts'

interface Begun {
  readonly run: ClaimedRun
  readonly heard: RunNews[]
  readonly ended: string[]
  finish(): void
}

const MACHINE = { version: '1.0.0', programs: [{ harness: 'claude', version: '2.1.330' }] } as const

let worker: Worker

afterEach(() => worker.stop())

function work(memory: MemoryRunServer, capacity = 2, places: RunPlaces = NO_PLACES, endsAfterMs = 0) {
  const begun: Begun[] = []
  const said: string[] = []
  const carryOut = (run: ClaimedRun): Carried => {
    const { promise: over, resolve } = Promise.withResolvers<void>()
    const one: Begun = { run, heard: [], ended: [], finish: resolve }
    begun.push(one)
    const end = (how: string) => {
      one.ended.push(how)
      if (endsAfterMs === 0) resolve()
      else setTimeout(resolve, endsAfterMs)
    }
    return {
      get bell() {
        return one.heard.at(-1)?.bell ?? run.bell
      },
      hear: (news) => void one.heard.push(news),
      lose: () => end('lost'),
      leave: async (givesBack) => end(givesBack ? 'given back' : 'left'),
      over,
    }
  }
  worker = startWorker({
    ...{
      server: memory.server,
      machine: MACHINE,
      capacity,
      directories: [],
      carryOut,
      places,
      names: newProcess(),
    },
    said: (text) => void said.push(text),
  })
  return { begun, said }
}

function placesOf(ids: readonly string[]): RunPlaces & { readonly left: Set<string> } {
  const left = new Set(ids)
  return { ...NO_PLACES, left, list: async () => [...left], remove: async (id) => void left.delete(id) }
}

const until = (test: () => void) => vi.waitFor(test, { timeout: 5_000, interval: 5 })

describe('a worker', () => {
  it('has as many runs as it has room for, and takes the next when one is over', async () => {
    const memory = memoryRunServer()
    for (const text of ['a', 'b', 'c', 'd']) memory.begin(text)
    const { begun } = work(memory)
    await until(() => expect(begun).toHaveLength(2))
    await sleep(60)
    expect(begun).toHaveLength(2)
    begun[0]?.finish()
    // The server still has it under its claim, as after a report that was refused: it comes again.
    await until(() => expect(begun).toHaveLength(3))
    expect(begun[2]?.run.id).toBe(begun[0]?.run.id)
  })

  it('passes on what it hears of a run to that run', async () => {
    const memory = memoryRunServer()
    const [first, second] = [memory.begin('a'), memory.begin('b')]
    const { begun } = work(memory)
    await until(() => expect(begun).toHaveLength(2))
    memory.ask(second, 'cancel')
    await until(() => expect(begun[1]?.heard.at(-1)?.wish).toBe('cancel'))
    memory.send(first, 'more')
    await until(() => expect(begun[0]?.heard.at(-1)?.messages.map(({ text }) => text)).toEqual(['a', 'more']))
  })

  it('ends what it has lost, and nothing else', async () => {
    const memory = memoryRunServer()
    const [first] = [memory.begin('a'), memory.begin('b')]
    const { begun } = work(memory)
    await until(() => expect(begun).toHaveLength(2))
    memory.step(first, { is: 'let-go', at: 1, reason: 'revoked', workspace: 'left' })
    await until(() => expect(begun[0]?.ended).toEqual(['lost']))
    // It is free again, so this worker takes it once more.
    await until(() => expect(begun[2]?.run.id).toBe(first.id))
    expect(begun[1]?.ended).toEqual([])
  })

  it('goes on while the server is away, and is heard of as soon as it is back', async () => {
    const memory = memoryRunServer()
    const run = memory.begin('a')
    const { begun, said } = work(memory)
    await until(() => expect(begun).toHaveLength(1))
    memory.away = true
    await until(() => expect(said).toContain('the server does not answer: It is away.'))
    expect(begun[0]?.ended).toEqual([])
    memory.away = false
    memory.send(run, 'more')
    await until(() => expect(begun[0]?.heard).not.toEqual([]))
    expect(begun).toHaveLength(1)
  })

  it('says why when it may not work any more', async () => {
    const memory = memoryRunServer()
    const dismissed = new ClavigerError('unauthenticated', 'This token was revoked.')
    memory.server.heartbeat = () => Promise.reject(dismissed)
    memory.begin('a')
    work(memory)
    await expect(worker.over).rejects.toBe(dismissed)
  })

  it('gives its runs back when it is dismissed', async () => {
    const memory = memoryRunServer()
    memory.begin('a')
    const { begun } = work(memory)
    await until(() => expect(begun).toHaveLength(1))
    const dismissed = new ClavigerError('forbidden', 'A newer process of the worker has taken over.')
    memory.server.claim = () => Promise.reject(dismissed)
    begun[0]?.heard.push({ bell: 99, wish: null, messages: [] })
    memory.server.heartbeat = () => Promise.reject(dismissed)
    memory.begin('b')
    await expect(worker.over).rejects.toBe(dismissed)
    await worker.stop()
    expect(begun[0]?.ended).toEqual(['given back'])
  })

  it('leaves its runs when it is stopped, and takes no more', async () => {
    const memory = memoryRunServer()
    memory.begin('a')
    const { begun } = work(memory)
    await until(() => expect(begun).toHaveLength(1))
    await worker.stop()
    await worker.over
    expect(begun[0]?.ended).toEqual(['left'])
    memory.begin('b')
    await sleep(60)
    expect(begun).toHaveLength(1)
  })

  it('asks no more about a run that is not its own any more, while that still comes to its end', async () => {
    const memory = memoryRunServer()
    const kept = memory.begin('a')
    let beats = 0
    const counting: MemoryRunServer = {
      ...memory,
      server: {
        ...memory.server,
        heartbeat(...asked) {
          beats += 1
          // Nothing else gets a turn in a loop that never waits for anything: it would be the end of this test, too.
          if (beats > 100) throw new ClavigerError('forbidden', 'It asks for ever.')
          return memory.server.heartbeat(...asked)
        },
      },
    }
    const { begun } = work(counting, 2, NO_PLACES, 300)
    await until(() => expect(begun).toHaveLength(1))
    memory.step(kept, { is: 'let-go', at: 1, reason: '', workspace: 'left' })
    memory.ask(kept, 'cancel')
    await until(() => expect(begun[0]?.ended).toEqual(['lost']))
    await sleep(200)
    expect(beats).toBeLessThan(10)
    const other = memory.begin('b')
    await until(() => expect(begun).toHaveLength(2))
    memory.send(other, 'c')
    await until(() => expect(begun[1]?.heard).toHaveLength(1))
  })

  it('takes nothing before what a killed worker left is cleaned up', async () => {
    const memory = memoryRunServer()
    memory.begin('a')
    const cleaned = Promise.withResolvers<void>()
    const { begun } = work(memory, 2, { ...NO_PLACES, clean: () => cleaned.promise })
    await sleep(60)
    expect(begun).toEqual([])
    cleaned.resolve()
    await until(() => expect(begun).toHaveLength(1))
  })

  it('works though not everything could be cleaned up, and says so', async () => {
    const memory = memoryRunServer()
    memory.begin('a')
    const clean = () => Promise.reject(new Error('EACCES'))
    const { begun, said } = work(memory, 2, { ...NO_PLACES, clean })
    await until(() => expect(begun).toHaveLength(1))
    expect(said[0]).toContain('not everything could be cleaned up')
  })

  it('removes the places of runs that ended while it had nothing to do with them, and no others', async () => {
    const memory = memoryRunServer()
    const ended = Array.from({ length: 150 }, () => memory.begin())
    const resting = memory.begin()
    for (const kept of [...ended, resting]) memory.ask(kept, 'hibernate')
    for (const kept of ended) memory.ask(kept, 'end')
    const inHand = memory.begin('a')
    const places = placesOf([...ended, resting, inHand].map(({ id }) => id).concat('of-another-server'))
    work(memory, 2, places)
    await until(() =>
      expect([...places.left].sort()).toEqual([resting.id, inHand.id, 'of-another-server'].sort()),
    )
  })

  it('leaves the place of a run in hand to whoever carries it out, though it is over', async () => {
    const memory = memoryRunServer()
    const kept = memory.begin('a')
    const places = placesOf([kept.id])
    const removed: string[] = []
    const slow: RunPlaces = {
      ...NO_PLACES,
      async list() {
        // It is claimed meanwhile, and ended by somebody.
        await until(() => expect(begun).toHaveLength(1))
        memory.step(kept, { is: 'let-go', at: 1, reason: '', workspace: 'left' })
        memory.ask(kept, 'end')
        return places.list()
      },
      remove: async (id) => void removed.push(id),
    }
    const { begun } = work(memory, 2, slow)
    await until(() => expect(begun[0]?.ended).toEqual(['lost']))
    expect(removed).toEqual([])
  })
})
