import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../test/support/house.ts'
import { eventsOf, type WorkerOfTest, workerOf } from '../../../test/support/runs.ts'
import { createControl } from '../control.ts'

async function claimed(house: House, worker: WorkerOfTest, asked: object = {}) {
  await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'hi', ...asked })
  const [run] = await worker.claim()
  if (run === undefined) throw new Error('nothing was claimed')
  return run
}

describe('a worker leases for a run', () => {
  it('with the credentials of whoever it is for, under its own name', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const worker = await workerOf(house)
    const run = await claimed(house, worker)
    const lease = await worker.lease(run)
    expect(lease.credential?.name).toBe('own')
    const row = (await house.audit()).find(({ action }) => action === 'lease.create')
    expect(row).toMatchObject({
      ...{ actorKind: 'worker', actorName: 'box', objectName: 'own' },
      details: { run: run.id, lease: lease.id },
    })
    // As its handle, and with its own token too.
    expect(await house.ask(worker.caller, 'leases.read', { id: lease.id })).toMatchObject({
      credential: { name: 'own' },
    })
    expect((await house.ask(worker.caller, 'leases.create', { harness: 'claude' })).credential?.name).toBe(
      'shared',
    )
    expect(await house.ask(worker.caller, 'leases.end', { id: lease.id })).toEqual({ ended: true })
  })

  it('and for no other: not without the claim, not of another harness, not by another, not for a person', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const run = await claimed(house, worker)
    const code = async (asking: Promise<unknown>) => (await errorOf(asking)).code
    expect(await code(other.lease(run))).toBe('conflict')
    expect(await code(worker.lease({ ...run, claim: 'guessed' }))).toBe('conflict')
    expect(await code(worker.lease({ ...run, id: 'run_none' }))).toBe('not_found')
    expect(await code(worker.lease({ ...run, harness: 'codex' }))).toBe('invalid')
    expect(await code(worker.lease(run, { credential: 'own' }))).toBe('invalid')
    const asked = { harness: 'claude', run: run.id, claim: run.claim } as const
    expect(await code(house.ask('bob', 'leases.create', asked))).toBe('forbidden')
    const lease = await worker.lease(run)
    expect(await code(house.ask(other.caller, 'leases.read', { id: lease.id }))).toBe('not_found')
    await worker.report(run, { is: 'state', state: 'failed', reason: 'so' })
    expect(await code(worker.lease(run))).toBe('conflict')
  })

  it('anew, when the run waits for credentials and is woken', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const worker = await workerOf(house)
    const run = await claimed(house, worker)
    const lease = await worker.lease(run)
    await worker.report(run, { is: 'state', state: 'waiting_for_credentials', reason: 'so' })
    const events = await house.ask(worker.caller, 'leases.events', { id: lease.id })
    await events.next()
    const next = events.next()
    await house.ask('bob', 'runs.wake', { id: run.id })
    expect((await next).value).toEqual({ type: 'revoked', reason: 'its run was woken' })
    expect((await worker.lease(run)).credential?.name).toBe('own')
  })

  it('holds one at a time', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const worker = await workerOf(house)
    const run = await claimed(house, worker)
    const [one, two] = [await worker.lease(run), await worker.lease(run)]
    expect((await house.ports.store.leases.get('org-acme', one.id))?.endedAt).not.toBeNull()
    expect((await house.ports.store.leases.get('org-acme', two.id))?.endedAt).toBeNull()
  })

  it('goes on with another when one is refused; each switch is kept with its reason, and the last words are R9', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const worker = await workerOf(house)
    const run = await claimed(house, worker)
    const first = await worker.lease(run)
    house.provider.result = 'refused'
    const reject = (id: string) =>
      house.ask(worker.caller, 'leases.reject', { id, generation: 1, status: 401 })
    const answer = await reject(first.id)
    expect(answer).toMatchObject({ verdict: 'switch', lease: { credential: { name: 'shared' } } })
    const second = answer.lease?.id ?? ''
    expect(await house.ask(worker.caller, 'leases.read', { id: second })).toMatchObject({
      credential: { name: 'shared' },
    })
    const seen = await house.ask('bob', 'runs.read', { id: run.id })
    expect(seen.credential?.name).toBe('shared')
    expect(seen.served.map(({ reason }) => reason)).toEqual([
      'it belongs to the person the run is for',
      'it belongs to the organization; in the place of own: it was refused again when it was tested',
    ])
    const last = await reject(second)
    expect(last.verdict).toBe('fail')
    await worker.report(run, { is: 'state', state: 'failed', reason: last.reason })
    expect(await house.ask('bob', 'runs.read', { id: run.id })).toMatchObject({
      state: 'failed',
      reason:
        "Couldn't authenticate with Claude after multiple attempts. Check your credentials in Coding agents settings and try again.",
      tried: [{ name: 'own' }, { name: 'shared' }],
      link: 'http://claviger.test/settings/coding-agents',
    })
    const switches = (await eventsOf(house, 'bob', run.id)).filter(({ type }) => type === 'credential')
    expect(switches).toHaveLength(2)
  })

  it('of a person who may not have one any more: not', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const worker = await workerOf(house)
    const run = await claimed(house, worker)
    await house.ask('ada', 'members.update', { member: 'bob', role: 'auditor' })
    expect((await errorOf(worker.lease(run))).code).toBe('forbidden')
  })
})

describe('several credentials of one kind', () => {
  it('take turns, and a run stays with the one it had', async () => {
    const house = createHouse()
    const taking = { ...house, control: createControl({ ...house.ports, poolOrder: 'least-recently-used' }) }
    for (const name of ['a', 'b', 'c']) await house.give('ada', 'org', name)
    const worker = await workerOf(house)
    const names: (string | undefined)[] = []
    const lease = async (run: Awaited<ReturnType<typeof claimed>>) => {
      house.clock.now += 1
      const asked = { harness: 'claude', run: run.id, claim: run.claim, ambient: 'none', raw: true } as const
      return (await taking.control['leases.create'](worker.caller, asked)).credential?.name
    }
    const runs = []
    for (let i = 0; i < 4; i += 1) {
      await house.ask('bob', 'runs.create', { harness: 'claude' })
      const [run] = await worker.claim({ holding: runs.map(({ claim }) => claim) })
      if (run === undefined) throw new Error('nothing was claimed')
      runs.push(run)
      names.push(await lease(run))
    }
    expect(names).toEqual(['a', 'b', 'c', 'a'])
    const second = runs[1]
    expect(second && (await lease(second))).toBe('b')
  })
})
