import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey, type House } from '../../../test/support/house.ts'
import { eventsOf, type WorkerOfTest, workerOf } from '../../../test/support/runs.ts'
import { CONSOLE_PATHS } from '../../api/console-paths.ts'
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
    })
    // It leads to a page of the console.
    const { link } = await house.ask('bob', 'runs.read', { id: run.id })
    expect(new URL(link ?? 'none').pathname).toBe('/settings/coding-agents')
    expect(CONSOLE_PATHS).toContain('settings')
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

  it('take turns where one is refused, too', async () => {
    const house = createHouse()
    const control = createControl({ ...house.ports, poolOrder: 'least-recently-used' })
    for (const name of ['a', 'b', 'c']) await house.give('ada', 'org', name)
    const worker = await workerOf(house)
    const holding: string[] = []
    const lease = async () => {
      house.clock.now += 1
      await house.ask('bob', 'runs.create', { harness: 'claude' })
      const [run] = await worker.claim({ holding })
      if (run === undefined) throw new Error('nothing was claimed')
      holding.push(run.claim)
      const asked = { harness: 'claude', run: run.id, claim: run.claim, ambient: 'none', raw: true } as const
      return control['leases.create'](worker.caller, asked)
    }
    const [first, second] = [await lease(), await lease()]
    expect([first.credential?.name, second.credential?.name]).toEqual(['a', 'b'])
    house.provider.result = 'limited'
    const refusal = { id: first.id, generation: 1, status: 429 }
    const answer = await control['leases.reject'](worker.caller, refusal)
    expect(answer).toMatchObject({ verdict: 'switch', lease: { credential: { name: 'c' } } })
  })
})

describe('a credential that a run was started with, and is not there any more', () => {
  async function started(house: House) {
    const id = await house.give('bob', 'me', 'own')
    await house.give('ada', 'org', 'shared')
    const worker = await workerOf(house)
    const run = await claimed(house, worker, { credential: 'own' })
    await worker.lease(run)
    await house.ask('bob', 'credentials.delete', { id })
    return { worker, run }
  }

  it('is called by its name, and no other takes its place', async () => {
    const house = createHouse()
    const { worker, run } = await started(house)
    await house.give('ada', 'org', 'own')
    const error = await errorOf(worker.lease(run))
    expect(error.code).toBe('no_credential')
    expect(error.message).toBe('The credential own, which alone may serve this run, was deleted.')
    expect(error.hint).toContain('claviger credential create claude')
  })

  it('serves it when it was stored again, of the same owner under the same name', async () => {
    const house = createHouse()
    const { worker, run } = await started(house)
    const again = await house.give('bob', 'me', 'own', { fields: { key: fakeKey('again') } })
    expect((await worker.lease(run)).credential?.id).toBe(again)
  })
})

describe('a run whose harness is switched off', () => {
  it('takes no message and is not woken, and goes on when it is on again', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const worker = await workerOf(house)
    const { id, ...run } = await claimed(house, worker)
    const send = (message: string) => house.ask('bob', 'runs.send', { id, text: 'more', message })
    await send('m1')
    const turn = (enabled: boolean) => house.ask('ada', 'harnesses.set', { harness: 'claude', enabled })
    await turn(false)
    const O9 = 'Claude Code is disabled for this organization. Ask an admin, or choose another harness.'
    expect(await errorOf(send('m2'))).toMatchObject({ code: 'forbidden', message: O9 })
    // What it has already is no new message.
    expect((await send('m1')).message.id).toBe('m1')
    await house.ask('bob', 'runs.hibernate', { id })
    await worker.report({ id, ...run }, { is: 'message', message: 'm1', state: 'failed' })
    await worker.report({ id, ...run }, { is: 'state', state: 'hibernated' })
    expect(await errorOf(house.ask('bob', 'runs.wake', { id }))).toMatchObject({
      code: 'forbidden',
      message: O9,
    })
    const refused = (await house.audit()).filter(({ outcome }) => outcome === 'refused')
    expect(refused.map(({ action }) => action)).toEqual(['run.send', 'run.wake'])
    await turn(true)
    expect((await house.ask('bob', 'runs.wake', { id })).state).toBe('queued')
    await house.ask('bob', 'runs.end', { id })
  })
})
