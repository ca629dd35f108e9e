// What becomes of the runs of a worker that is gone: what can go on elsewhere does, and says what it has lost; what cannot
// is not taken for what it was.

import { describe, expect, it } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { eventsOf, lines, type WorkerOfTest, workerOf } from '../../../test/support/runs.ts'
import { RUN_TIMINGS } from '../../domain/runs/taking.ts'
import { createGuard } from '../guard.ts'
import { letGoRunsOf } from './leaving.ts'
import { createSweep } from './upkeep.ts'

const REPOSITORY = { kind: 'git', url: 'https://example.test/a.git' } as const

async function houseOfBob(): Promise<House> {
  const house = createHouse()
  await house.give('bob', 'me', 'own')
  return house
}

async function begun(house: House, worker: WorkerOfTest, workspace?: typeof REPOSITORY) {
  const { id } = await house.ask('bob', 'runs.create', {
    ...{ harness: 'claude', prompt: 'first' },
    ...(workspace !== undefined && { workspace }),
  })
  const run = (await worker.claim()).find((one) => one.id === id)
  if (run === undefined) throw new Error('it was not claimed')
  await worker.report(
    run,
    { is: 'event', event: { kind: 'session', session: 's1', model: null } },
    { is: 'message', message: run.messages[0]?.id ?? '', state: 'sent' },
    { is: 'message', message: run.messages[0]?.id ?? '', state: 'done' },
    { is: 'state', state: 'ready' },
  )
  return run
}

const read = (house: House, id: string) => house.ask('bob', 'runs.read', { id })

async function notices(house: House, id: string): Promise<string[]> {
  const told = await eventsOf(house, 'bob', id)
  return told.flatMap(({ event }) => (event.kind === 'notice' ? [event.text] : []))
}

describe('a worker that was revoked', () => {
  it('takes the workspaces along that nobody can make anew: their runs have failed, and say why', async () => {
    const house = await houseOfBob()
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const { id } = await begun(house, worker)
    await house.ask('ada', 'workers.revoke', { name: 'box' })
    expect(await read(house, id)).toMatchObject({ state: 'failed', reason: 'the worker was revoked' })
    expect(await notices(house, id)).toEqual([
      'The worker box, which had this run, is gone for good. Its workspace, and what its program remembers of the conversation, stayed there: it can begin anew, in another workspace.',
    ])
    expect(await other.claim()).toEqual([])
    // Somebody knows, and wants it all the same.
    await house.ask('bob', 'runs.send', { id, text: 'from the beginning' })
    expect(await other.claim()).toMatchObject([
      { id, session: null, messages: [{ text: 'from the beginning' }] },
    ])
  })

  it('gives back runs of repositories, which say what stayed there', async () => {
    const house = await houseOfBob()
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const { id } = await begun(house, worker, REPOSITORY)
    await house.ask('ada', 'workers.revoke', { name: 'box' })
    expect(await read(house, id)).toMatchObject({ state: 'queued' })
    expect(await notices(house, id)).toEqual([expect.stringMatching(/What was not pushed.* stayed there\.$/)])
    expect(await other.claim()).toMatchObject([{ id, session: null, moved: true }])
  })

  it('is waited for by nobody: what rested on it begins anew when it is woken', async () => {
    const house = await houseOfBob()
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const run = await begun(house, worker)
    await house.ask('bob', 'runs.hibernate', { id: run.id })
    await worker.report(run, { is: 'state', state: 'hibernated' })
    await house.ask('ada', 'workers.revoke', { name: 'box' })
    expect(await read(house, run.id)).toMatchObject({ state: 'hibernated' })
    await house.ask('bob', 'runs.wake', { id: run.id })
    expect(await other.claim()).toMatchObject([{ id: run.id, session: null }])
    expect(await notices(house, run.id)).toHaveLength(1)
  })
})

describe('a worker that is off, and may be back', () => {
  const letGo = (house: House, { caller }: WorkerOfTest) =>
    house.ports.store.atomically((unit) => letGoRunsOf(unit, caller, house.clock.now, 'it is off'))

  it('keeps its workspaces: what cannot be made anew elsewhere waits for it, and goes on where it was', async () => {
    const house = await houseOfBob()
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const { id } = await begun(house, worker)
    await letGo(house, worker)
    house.clock.now += RUN_TIMINGS.stickFor + 1
    expect(await other.claim()).toEqual([])
    expect(await read(house, id)).toMatchObject({ state: 'queued', reason: 'it is off' })
    expect(await worker.claim()).toMatchObject([{ id, session: 's1', moved: false }])
    expect(await notices(house, id)).toEqual([])
  })
})

it('a run that goes to another worker says what it has left behind', async () => {
  const house = await houseOfBob()
  const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
  const { id } = await begun(house, worker, REPOSITORY)
  let elapsed = 0
  const quiet = () => undefined
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const guard = createGuard(house.ports)
  const sweep = createSweep({ ...house.ports, guard, log, elapsed: () => elapsed })
  elapsed = RUN_TIMINGS.silentAfter
  house.clock.now += RUN_TIMINGS.silentAfter + 1
  await sweep()
  house.clock.now += RUN_TIMINGS.stickFor
  expect(await other.claim()).toMatchObject([{ id, moved: true }])
  expect(await notices(house, id)).toEqual([
    'It goes on with another worker. What was not pushed, and what its program remembers of the conversation, stayed on box.',
  ])
  expect(lines(await eventsOf(house, 'bob', id)).at(-1)).toBe('booting')
})

describe('whoever leaves a team', () => {
  it('takes none of its keys along: what may hold one is ended, and goes on with what is left', async () => {
    const house = createHouse()
    house.people.change('bob', { teams: ['mobile', 'platform'] })
    await house.give('ada', 'team:platform', 'ours')
    await house.give('ada', 'org', 'everybodys')
    const worker = await workerOf(house)
    const run = await begun(house, worker)
    const lease = await worker.lease(run)
    expect(lease.credential?.name).toBe('ours')
    await house.ask('bob', 'runs.send', { id: run.id, text: 'more', message: 'm2' })
    await worker.report(
      run,
      { is: 'message', message: 'm2', state: 'sent' },
      { is: 'state', state: 'working' },
    )
    const member = house.caller('bob').name
    await house.ask('ada', 'teams.leave', { team: 'platform', member })
    expect(await read(house, run.id)).toMatchObject({
      state: 'queued',
      reason: `${member} has left the team platform`,
    })
    expect((await house.ports.store.leases.get('org-acme', lease.id))?.endedAt).not.toBeNull()
    expect((await worker.heartbeat(run)).lost).toEqual([run.id])
    // The same worker, in the same session, with a message that it has given already.
    const [again] = await worker.claim()
    expect(again).toMatchObject({ id: run.id, session: 's1', messages: [{ id: 'm2', state: 'sent' }] })
    expect(again && (await worker.lease(again)).credential?.name).toBe('everybodys')
  })

  it('is not kept from what has nothing to do with it', async () => {
    const house = createHouse()
    house.people.change('bob', { teams: ['mobile', 'platform'] })
    house.people.change('cyd', { teams: ['platform'] })
    await house.give('ada', 'team:mobile', 'of-mobile')
    await house.give('ada', 'team:platform', 'ours')
    const worker = await workerOf(house)
    const bob = house.caller('bob', { teams: ['mobile', 'platform'] })
    await house.ask(bob, 'runs.create', { harness: 'claude', team: 'mobile' })
    await house.ask(house.caller('cyd', { teams: ['platform'] }), 'runs.create', { harness: 'claude' })
    const runs = await worker.claim()
    expect(runs).toHaveLength(2)
    await house.ask('ada', 'teams.leave', { team: 'platform', member: house.caller('bob').name })
    for (const run of runs) expect((await worker.heartbeat(run)).lost).toEqual([])
  })
})
