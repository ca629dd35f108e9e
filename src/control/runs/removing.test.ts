// Runs that are removed: by whoever they are for, or by time; and what is left of them.

import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { eventsOf, workerOf } from '../../../test/support/runs.ts'
import { RUN_TIMINGS } from '../../domain/runs/taking.ts'
import { createGuard } from '../guard.ts'
import { createSweep } from './upkeep.ts'

const DAY = 86_400_000

async function houseOfBob(): Promise<House> {
  const house = createHouse()
  await house.give('bob', 'me', 'own')
  return house
}

async function begun(house: House, prompt = 'private words'): Promise<string> {
  return (await house.ask('bob', 'runs.create', { harness: 'claude', prompt })).id
}

async function actionsOn(house: House, id: string): Promise<string[]> {
  const { entries } = await house.ask('ada', 'audit.list', { limit: 200 })
  return entries.filter(({ object }) => object.id === id).map(({ action }) => action)
}

describe('a run is deleted', () => {
  it('by whoever it is for, with all that was said in it; the audit log keeps that it was', async () => {
    const house = await houseOfBob()
    const id = await begun(house)
    await house.ask('bob', 'runs.end', { id })
    expect(await house.ask('bob', 'runs.delete', { id })).toEqual({})
    expect((await errorOf(house.ask('bob', 'runs.read', { id }))).code).toBe('not_found')
    expect((await errorOf(eventsOf(house, 'bob', id))).code).toBe('not_found')
    expect((await house.ask('bob', 'runs.list', {})).runs).toEqual([])
    expect(await house.ports.store.runMessages.list(id)).toEqual([])
    expect((await errorOf(house.ask('bob', 'runs.delete', { id }))).code).toBe('not_found')
    expect(await actionsOn(house, id)).toContain('run.delete')
  })

  it('by nobody else, not by those who may stop all of them either', async () => {
    const house = await houseOfBob()
    const id = await begun(house)
    await house.ask('bob', 'runs.end', { id })
    expect((await errorOf(house.ask('ada', 'runs.delete', { id }))).code).toBe('forbidden')
    expect((await errorOf(house.ask('cyd', 'runs.delete', { id }))).code).toBe('not_found')
    expect(await house.ask('bob', 'runs.read', { id })).toMatchObject({ state: 'done' })
  })

  it('never while a worker has it, or may come back with it', async () => {
    const house = await houseOfBob()
    const id = await begun(house)
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('nothing was claimed')
    const refused = await errorOf(house.ask('bob', 'runs.delete', { id }))
    expect([refused.code, refused.hint]).toEqual(['conflict', `End it first: claviger run end ${id}`])
    await house.ask('bob', 'runs.end', { id })
    expect((await errorOf(house.ask('bob', 'runs.delete', { id }))).code).toBe('conflict')
    await worker.report(run, { is: 'state', state: 'done' })
    await house.ask('bob', 'runs.delete', { id })
  })
})

describe('a worker asks about the places on its machine', () => {
  it('and hears which of them are of runs that are over for good', async () => {
    const house = await houseOfBob()
    const worker = await workerOf(house)
    const [ended, cancelled, rests, deleted] = [
      await begun(house, 'a'),
      await begun(house, 'b'),
      await begun(house, 'c'),
      await begun(house, 'd'),
    ]
    await house.ask('bob', 'runs.end', { id: ended })
    await house.ask('bob', 'runs.cancel', { id: cancelled })
    await house.ask('bob', 'runs.hibernate', { id: rests })
    await house.ask('bob', 'runs.hibernate', { id: deleted })
    await house.ask('bob', 'runs.delete', { id: deleted })
    const places = [ended, cancelled, rests, deleted, 'run_of_another_server']
    const { over } = await house.ask(worker.caller, 'runs.places', { places })
    expect(over.sort()).toEqual([ended, cancelled, deleted].sort())
  })
})

describe('a run that was over long ago', () => {
  async function sweptAfter(house: House, time: number, keptFor: number | null): Promise<void> {
    house.clock.now += time
    const runTimings = { ...RUN_TIMINGS, keptFor }
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    }
    const guard = createGuard(house.ports)
    await createSweep({ ...house.ports, runTimings, guard, log, elapsed: () => 0 })()
  }

  it('is removed when the operator wants that, and is in the audit log', async () => {
    const house = await houseOfBob()
    const [ended, rests] = [await begun(house, 'a'), await begun(house, 'b')]
    await house.ask('bob', 'runs.end', { id: ended })
    await house.ask('bob', 'runs.hibernate', { id: rests })
    await sweptAfter(house, 30 * DAY, 30 * DAY)
    expect((await house.ask('bob', 'runs.list', {})).runs).toHaveLength(2)
    await sweptAfter(house, 1, 30 * DAY)
    expect((await house.ask('bob', 'runs.list', {})).runs.map(({ id }) => id)).toEqual([rests])
    expect(await actionsOn(house, ended)).toContain('run.delete')
  })

  it('stays otherwise', async () => {
    const house = await houseOfBob()
    const id = await begun(house)
    await house.ask('bob', 'runs.end', { id })
    await sweptAfter(house, 4_000 * DAY, null)
    expect(await house.ask('bob', 'runs.read', { id })).toMatchObject({ state: 'done' })
  })
})
