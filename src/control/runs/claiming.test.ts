// Who is given runs when several ask in the name of one worker, and what becomes of those who wait.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { eventsOf, lines, type WorkerOfTest, workerOf } from '../../../test/support/runs.ts'
import { RUN_TIMINGS } from '../../domain/runs/taking.ts'
import { createControl } from '../control.ts'
import { createGuard } from '../guard.ts'
import { createSweep } from './upkeep.ts'

async function begun(house: House, prompt = 'first') {
  if ((await house.ask('bob', 'credentials.list', { owner: 'me' })).credentials.length === 0)
    await house.give('bob', 'me', 'own')
  return (await house.ask('bob', 'runs.create', { harness: 'claude', prompt })).id
}

async function claimOne(worker: WorkerOfTest, changed = {}) {
  const [claimed, ...others] = await worker.claim(changed)
  if (claimed === undefined || others.length > 0) throw new Error('not one was claimed')
  return claimed
}

it('a server that goes down lets nobody wait', async () => {
  const house = createHouse()
  const id = await begun(house)
  const worker = await workerOf(house)
  const run = await claimOne(worker)
  const ending = new AbortController()
  const { 'runs.claim': claim, 'runs.heartbeat': beat } = createControl({
    ...house.ports,
    ending: ending.signal,
  })
  const names = { process: 'process of box', asked: 2, ended: [] }
  const asked = {
    ...{ harnesses: ['claude' as const], capacity: 1, directories: [], holding: [run.claim], ...names },
  }
  const waiting = [
    claim(worker.caller, { ...asked, waitSeconds: 30 }),
    beat(worker.caller, {
      process: names.process,
      runs: [{ id, claim: run.claim, bell: run.bell }],
      waitSeconds: 30,
    }),
  ]
  setTimeout(() => ending.abort(), 50)
  expect(await Promise.all(waiting)).toEqual([{ runs: [] }, { lost: [], news: [] }])
})

it('a request of a worker that was started again meanwhile takes nothing from it', async () => {
  const house = createHouse()
  const worker = await workerOf(house)
  const earlier = worker.claim({ waitSeconds: 5 })
  await sleep(20)
  const later = worker.claim({ waitSeconds: 5 })
  const id = await begun(house)
  const [[run], before] = await Promise.all([later, earlier])
  expect([run?.id, before]).toEqual([id, []])

  // Over another server, which knows nothing of the second one.
  const { 'runs.claim': elsewhere } = createControl(house.ports)
  const names = { process: 'process of box', ended: [] }
  const sought = { harnesses: ['claude' as const], capacity: 1, directories: [], holding: [], ...names }
  expect(await elsewhere(worker.caller, { ...sought, asked: 1, waitSeconds: 0 })).toEqual({ runs: [] })
  // Whatever becomes of the clock.
  house.clock.now -= 3_600_000
  const { runs } = await elsewhere(worker.caller, { ...sought, asked: 3, waitSeconds: 0 })
  expect(runs).toMatchObject([{ id }])
})

const quiet = () => undefined

const NEWER = { process: 'newer', asked: 1 }

describe('two processes of one worker', () => {
  it('do not take from each other: the older one is dismissed, and gives back what it has', async () => {
    const house = createHouse()
    const id = await begun(house)
    const older = await workerOf(house)
    const run = await claimOne(older)
    const message = run.messages[0]?.id ?? ''
    await older.report(run, { is: 'message', message, state: 'sent' }, { is: 'state', state: 'working' })

    expect(await older.claim(NEWER)).toEqual([])
    for (const asked of [older.claim(), older.heartbeat(run)]) {
      expect(await errorOf(asked)).toMatchObject({
        code: 'forbidden',
        message: 'A newer process of the worker box has taken over.',
        hint: expect.stringContaining('admin worker enrol'),
      })
    }
    // What it has it ends first. Until then nobody else has it.
    expect(await older.claim({ ...NEWER, asked: 2 })).toEqual([])
    await older.report(run, { is: 'state', state: 'queued', reason: 'another process goes on' })
    const [taken] = await older.claim({ ...NEWER, asked: 3 })
    expect(taken).toMatchObject({ id, moved: false, messages: [{ id: message, state: 'sent' }] })
    expect((await errorOf(older.report(run, { is: 'state', state: 'ready' }))).code).toBe('conflict')
    // However often they ask, nothing goes back.
    expect((await errorOf(older.claim({ asked: 9 }))).code).toBe('forbidden')
    expect((await house.ask('bob', 'runs.read', { id })).state).toBe('booting')
  })

  it('of which the older one has certainly ended: the newer one has its runs at once', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    await claimOne(worker)
    expect(await worker.claim({ ...NEWER, ended: ['process of box'] })).toMatchObject([{ id }])
  })

  it('of which the older one is silent: the newer one has its runs after a while', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    await claimOne(worker)
    expect(await worker.claim(NEWER)).toEqual([])
    let elapsed = 0
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
    const upkeep = { ...house.ports, guard: createGuard(house.ports), log, elapsed: () => elapsed }
    const sweep = createSweep(upkeep)
    elapsed = RUN_TIMINGS.silentAfter
    house.clock.now += RUN_TIMINGS.silentAfter + 1
    await sweep()
    expect(await worker.claim({ ...NEWER, asked: 2 })).toMatchObject([{ id }])
  })

  it('of which the older one waits: it is sent away at once', async () => {
    const house = createHouse()
    const older = await workerOf(house)
    const waiting = older.claim({ waitSeconds: 30 })
    await sleep(20)
    const other = createControl(house.ports)
    const sought = { harnesses: ['claude' as const], capacity: 1, directories: [], holding: [], ended: [] }
    await other['runs.claim'](older.caller, { ...sought, ...NEWER, waitSeconds: 0 })
    expect(await waiting).toEqual([])
    expect((await errorOf(older.claim())).code).toBe('forbidden')
  })

  it('of which the older one has all that the newer one has room for: it gets others', async () => {
    const house = createHouse()
    const worker = await workerOf(house)
    await begun(house)
    await claimOne(worker)
    house.clock.now += 1
    const id = await begun(house)
    expect(await worker.claim({ ...NEWER, capacity: 1 })).toMatchObject([{ id }])
  })
})

/** Its message is answered. */
async function answered(worker: WorkerOfTest, run: Awaited<ReturnType<typeof claimOne>>) {
  const message = run.messages[0]?.id ?? ''
  const moved = (state: 'sent' | 'done') => ({ is: 'message', message, state }) as const
  await worker.report(run, moved('sent'), moved('done'), { is: 'state', state: 'ready' })
}

describe('a worker that is full', () => {
  it('lets its idlest run hibernate when another waits, one at a time, and says why', async () => {
    const house = createHouse()
    const worker = await workerOf(house)
    const runs: Awaited<ReturnType<typeof claimOne>>[] = []
    for (let i = 0; i < 3; i += 1) {
      await begun(house)
      runs.push(await claimOne(worker, { holding: runs.map(({ claim }) => claim) }))
    }
    const [busy, idlest, idle] = runs
    if (busy === undefined || idlest === undefined || idle === undefined)
      throw new Error('not all were claimed')
    house.clock.now += 1
    await answered(worker, idlest)
    house.clock.now += 1
    await answered(worker, idle)
    const full = { capacity: 0, holding: runs.map(({ claim }) => claim) }
    const states = async () => {
      const all = await Promise.all(
        [busy, idlest, idle].map(({ id }) => house.ask('bob', 'runs.read', { id })),
      )
      return all.map(({ state, wish }) => `${state} ${wish}`)
    }
    expect(await worker.claim(full)).toEqual([])
    expect(await states()).toEqual(['booting null', 'ready null', 'ready null'])

    const next = await begun(house)
    expect(await worker.claim(full)).toEqual([])
    expect(await worker.claim(full)).toEqual([])
    expect(await states()).toEqual(['booting null', 'ready hibernate', 'ready null'])
    await worker.report(idlest, { is: 'state', state: 'hibernated' })
    expect(lines(await eventsOf(house, 'bob', idlest.id)).slice(-2)).toEqual([
      'ready: it makes room for a run that waits; a message wakes it',
      'hibernated: it makes room for a run that waits; a message wakes it',
    ])
    // What it was full of then is not what it has now.
    expect(await worker.claim(full)).toEqual([])
    expect(await states()).toEqual(['booting null', 'hibernated null', 'ready null'])
    const holding = [busy.claim, idle.claim]
    expect(await claimOne(worker, { capacity: 1, holding })).toMatchObject({ id: next })
  })

  it('keeps what is at work, and what somebody has just written to', async () => {
    const house = createHouse()
    const worker = await workerOf(house)
    const id = await begun(house)
    const run = await claimOne(worker)
    await begun(house)
    const full = { capacity: 0, holding: [run.claim] }
    await worker.claim(full)
    await answered(worker, run)
    await house.ask('bob', 'runs.send', { id, text: 'more' })
    await worker.claim(full)
    expect(await house.ask('bob', 'runs.read', { id })).toMatchObject({ state: 'ready', wish: null })
  })

  it('is one of several: for one that waits one of them makes room', async () => {
    const house = createHouse()
    const workers = [await workerOf(house, 'b1'), await workerOf(house, 'b2')]
    const held: { worker: WorkerOfTest; id: string; claim: string }[] = []
    for (const worker of workers) {
      await begun(house)
      const run = await claimOne(worker)
      await answered(worker, run)
      held.push({ worker, id: run.id, claim: run.claim })
    }
    await begun(house)
    for (const { worker, claim } of held) await worker.claim({ capacity: 0, holding: [claim] })
    const wishes = await Promise.all(
      held.map(async ({ id }) => (await house.ask('bob', 'runs.read', { id })).wish),
    )
    expect(wishes).toEqual(['hibernate', null])
  })
})

it('a run that is given back rests or ends when somebody wished so', async () => {
  const house = createHouse()
  const worker = await workerOf(house)
  for (const [wish, state] of [
    ['hibernate', 'hibernated'],
    ['cancel', 'cancelled'],
    ['end', 'done'],
  ] as const) {
    const id = await begun(house)
    const run = await claimOne(worker)
    await house.ask('bob', `runs.${wish}`, { id })
    await worker.report(run, { is: 'state', state: 'queued' })
    expect((await house.ask('bob', 'runs.read', { id })).state).toBe(state)
  }
})
