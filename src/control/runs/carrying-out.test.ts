import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, fakeKey, type House } from '../../../test/support/house.ts'
import { eventsOf, lines, type WorkerOfTest, workerOf } from '../../../test/support/runs.ts'
import { RUN_TIMINGS } from '../../domain/runs/taking.ts'
import { createGuard } from '../guard.ts'
import { createSweep } from './upkeep.ts'

async function begun(house: House, prompt: string | undefined = 'first') {
  await house.give('bob', 'me', 'own')
  const asked = { harness: 'claude', workspace: { kind: 'git', url: 'https://example.test/a.git' } } as const
  const run = await house.ask('bob', 'runs.create', { ...asked, ...(prompt !== undefined && { prompt }) })
  return run.id
}

async function claimOne(worker: WorkerOfTest, changed = {}) {
  const [claimed, ...others] = await worker.claim(changed)
  if (claimed === undefined || others.length > 0) throw new Error('not one was claimed')
  return claimed
}

const read = (house: House, id: string) => house.ask('bob', 'runs.read', { id })

const quiet = () => undefined
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** Looks after the runs as a server does that has been there for long. */
function sweepOf(house: House) {
  let elapsed = 0
  const guard = createGuard(house.ports)
  const sweep = createSweep({ ...house.ports, guard, log, elapsed: () => elapsed })
  elapsed = RUN_TIMINGS.silentAfter
  return sweep
}

const usage = { input: 10, cachedInput: 4, output: 2 }

describe('a worker carries out a run', () => {
  it('from the claim to its end, and all of it is told', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const run = await claimOne(worker)
    expect(run).toMatchObject({ id, isNew: true, moved: false, session: null, messages: [{ text: 'first' }] })
    const lease = await worker.lease(run)
    expect(lease.credential?.fields['key']?.expose()).toBe(fakeKey('own'))
    const message = run.messages[0]?.id ?? ''
    await worker.report(
      run,
      { is: 'event', event: { kind: 'session', session: 's-1', model: 'm' } },
      { is: 'state', state: 'working' },
      { is: 'message', message, state: 'sent' },
    )
    await worker.report(run, { is: 'event', event: { kind: 'text', text: 'hello' } })
    await worker.report(
      run,
      { is: 'event', event: { kind: 'turn-done', usage }, lease: lease.id },
      { is: 'message', message, state: 'done' },
      { is: 'state', state: 'ready' },
    )
    expect(await read(house, id)).toMatchObject({
      ...{ state: 'ready', usage, credentialKeyType: 'ANTHROPIC_API_KEY', worker: { name: 'box' } },
      messages: [{ state: 'done' }],
      credential: { name: 'own', type: 'claude/api-key', owner: 'user:bob', generation: 1 },
      served: [{ lease: lease.id, turns: 1, usage, endedAt: null }],
    })
    await house.ask('bob', 'runs.end', { id })
    expect((await worker.heartbeat(run)).news).toMatchObject([{ id, wish: 'end', messages: [] }])
    expect(await worker.report(run, { is: 'state', state: 'done' })).toMatchObject({ state: 'done' })
    const events = await eventsOf(house, 'bob', id)
    expect(lines(events)).toEqual([
      ...['queued', 'message queued', 'booting', 'credential own', 'session', 'working', 'message sent'],
      ...['text hello', 'turn-done', 'message done', 'ready', 'done'],
    ])
    expect(events.map(({ position }) => position)).toEqual(events.map((_, i) => i + 1))
    expect(await eventsOf(house, 'bob', id, 9)).toEqual(events.slice(9))
    expect((await house.ports.store.leases.get('org-acme', lease.id))?.endReason).toBe('its run is done')
    const refused = await errorOf(house.ask('bob', 'runs.send', { id, text: 'more' }))
    expect(refused.message).toBe('A run that is done cannot take a message.')
  })

  it('says everything again after an answer it did not hear, and nothing is there twice', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const run = await claimOne(worker)
    const at = new Date(house.clock.now).toISOString()
    const text = (seq: number) => ({ is: 'event', seq, at, event: { kind: 'text', text: `${seq}` } }) as const
    const report = (...items: { seq: number }[]) =>
      house.ask(worker.caller, 'runs.report', { id, claim: run.claim, items: items as never })
    await report(text(1), text(2))
    expect(await report(text(1), text(2), text(3))).toMatchObject({ reported: 3 })
    const gap = await errorOf(report(text(5)))
    expect([gap.code, gap.message]).toEqual(['invalid', 'Item 4 of this claim is missing.'])
    const last = { is: 'state', seq: 4, at, state: 'hibernated' } as const
    await report(last)
    // The run rests by now; what was said last may be said again.
    expect(await report(text(3), last)).toMatchObject({ reported: 4, state: 'queued' })
    const told = lines(await eventsOf(house, 'bob', id)).filter((line) => line.startsWith('text'))
    expect(told).toEqual(['text 1', 'text 2', 'text 3'])
    expect((await errorOf(report(text(5)))).code).toBe('conflict')
  })

  it('keeps all of a report or nothing', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const run = await claimOne(worker)
    const before = await eventsOf(house, 'bob', id)
    const bad = worker.report(
      run,
      { is: 'event', event: { kind: 'text', text: 'lost with it' } },
      { is: 'message', message: 'nobody-knows', state: 'sent' },
    )
    expect((await errorOf(bad)).code).toBe('not_found')
    expect(await eventsOf(house, 'bob', id)).toEqual(before)
  })

  it('gets messages in order, each once, whoever sends one twice', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const run = await claimOne(worker)
    const send = (message: string, text = message) => house.ask('bob', 'runs.send', { id, message, text })
    await send('second')
    await send('third')
    expect(await send('second')).toMatchObject({ message: { id: 'second', state: 'queued' } })
    expect((await errorOf(send('second', 'other words'))).code).toBe('conflict')
    const { news } = await worker.heartbeat(run)
    expect(news[0]?.messages.map(({ text }) => text)).toEqual(['first', 'second', 'third'])
    expect((await worker.heartbeat(run, news[0]?.bell)).news).toEqual([])
    const early = await errorOf(worker.report(run, { is: 'message', message: 'second', state: 'sent' }))
    expect(early.message).toContain('comes first')
    const first = run.messages[0]?.id ?? ''
    await worker.report(run, { is: 'message', message: first, state: 'sent' })
    const twice = await errorOf(worker.report(run, { is: 'message', message: first, state: 'sent' }))
    expect(twice.message).toBe('A message that is sent cannot become sent.')
    // The program certainly never got it.
    await worker.report(run, { is: 'message', message: first, state: 'queued' })
    await worker.report(run, { is: 'message', message: first, state: 'sent' })
    await worker.report(run, { is: 'message', message: first, state: 'failed', reason: 'no words' })
    expect((await read(house, id)).messages).toMatchObject([
      { state: 'failed', reason: 'no words' },
      { state: 'queued' },
      { state: 'queued' },
    ])
    await house.ask('bob', 'runs.cancel', { id })
    await worker.report(run, { is: 'state', state: 'cancelled' })
    const all = (await read(house, id)).messages.map(({ state, reason }) => `${state} ${reason}`)
    expect(all.slice(1)).toEqual(['failed the run is cancelled', 'failed the run is cancelled'])
  })

  it('is woken while it waits, for a run to claim and for news of those it has', async () => {
    const house = createHouse()
    const worker = await workerOf(house)
    const waiting = worker.claim({ waitSeconds: 20 })
    const id = await begun(house)
    const [run] = await waiting
    if (run === undefined) throw new Error('nothing was claimed')
    const beats = { runs: [{ id, claim: run.claim, bell: run.bell }], waitSeconds: 20 }
    const asked = { process: 'process of box', ...beats }
    const heartbeat = house.ask(worker.caller, 'runs.heartbeat', asked)
    await house.ask('bob', 'runs.send', { id, text: 'news' })
    expect((await heartbeat).news).toMatchObject([{ id, messages: [{ text: 'first' }, { text: 'news' }] }])
  })
})

describe('a run rests', () => {
  it('and wakes with a message, its credential resolved anew, on the machine that has it', async () => {
    const house = createHouse()
    const id = await begun(house)
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const run = await claimOne(worker)
    const lease = await worker.lease(run)
    await worker.report(run, { is: 'event', event: { kind: 'session', session: 's-1', model: null } })
    expect(await house.ask('bob', 'runs.hibernate', { id })).toMatchObject({
      state: 'booting',
      wish: 'hibernate',
    })
    const said = { is: 'state', state: 'hibernated' } as const
    await worker.report(run, { is: 'message', message: run.messages[0]?.id ?? '', state: 'sent' }, said)
    expect(await read(house, id)).toMatchObject({ state: 'hibernated', worker: null })
    expect((await house.ports.store.leases.get('org-acme', lease.id))?.endedAt).not.toBeNull()
    await house.give('bob', 'me', 'a-newer-one')
    const orders = await house.ask('bob', 'credentials.list', { owner: 'me' })
    const newer = orders.credentials.find(({ name }) => name === 'a-newer-one')?.id ?? ''
    await house.ask('bob', 'credentials.setOrder', { owner: 'me', harness: 'claude', credentials: [newer] })
    expect(await house.ask('bob', 'runs.send', { id, text: 'go on' })).toMatchObject({ state: 'queued' })
    expect(await other.claim()).toEqual([])
    const again = await claimOne(worker)
    expect(again).toMatchObject({ isNew: false, moved: false, session: 's-1' })
    // What an earlier process got is told apart from what nobody got.
    expect(again.messages.map(({ text, state }) => `${text} ${state}`)).toEqual([
      'first sent',
      'go on queued',
    ])
    expect((await worker.lease(again)).credential?.name).toBe('a-newer-one')
    expect((await errorOf(worker.report(run, said))).code).toBe('conflict')
  })

  it('when nobody talks to it, and a message just then is not lost', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const run = await claimOne(worker)
    const message = run.messages[0]?.id ?? ''
    await worker.report(
      run,
      { is: 'message', message, state: 'sent' },
      { is: 'message', message, state: 'done' },
      { is: 'state', state: 'ready' },
    )
    const sweep = sweepOf(house)
    await sweep()
    expect((await read(house, id)).wish).toBeNull()
    house.clock.now += (RUN_TIMINGS.idleAfter ?? 0) + 1
    await worker.heartbeat(run)
    await sweep()
    expect(await read(house, id)).toMatchObject({ state: 'ready', wish: 'hibernate' })
    await house.ask('bob', 'runs.send', { id, text: 'just in time' })
    await worker.report(run, { is: 'state', state: 'hibernated' })
    expect(await read(house, id)).toMatchObject({ state: 'queued' })
  })

  it('and one that failed is started again by a message or by wake', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const run = await claimOne(worker)
    await worker.report(run, { is: 'state', state: 'failed', reason: 'the program crashed' })
    expect(await read(house, id)).toMatchObject({ state: 'failed', reason: 'the program crashed' })
    expect(await worker.claim()).toEqual([])
    expect(await house.ask('bob', 'runs.wake', { id })).toMatchObject({ state: 'queued', reason: '' })
    expect(await claimOne(worker)).toMatchObject({ id, isNew: false, messages: [{ state: 'queued' }] })
  })
})

describe('a worker that is gone', () => {
  it('and comes back with its claim goes on as if nothing was', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const run = await claimOne(worker)
    await worker.report(run, { is: 'state', state: 'working' })
    const sweep = sweepOf(house)
    house.clock.now += RUN_TIMINGS.silentAfter + 1
    await sweep()
    expect(await read(house, id)).toMatchObject({
      state: 'queued',
      reason: 'its worker has not been heard of',
    })
    expect(await worker.claim({ holding: [run.claim] })).toEqual([])
    expect((await worker.heartbeat(run)).lost).toEqual([])
    expect(await read(house, id)).toMatchObject({ state: 'working', reason: '' })
    await worker.report(run, { is: 'event', event: { kind: 'text', text: 'said meanwhile' } })
    expect(lines(await eventsOf(house, 'bob', id)).at(-1)).toBe('text said meanwhile')
  })

  it('loses it to another, which is told what was sent, and is refused itself', async () => {
    const house = createHouse()
    const id = await begun(house)
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const run = await claimOne(worker)
    const lease = await worker.lease(run)
    await worker.report(run, { is: 'message', message: run.messages[0]?.id ?? '', state: 'sent' })
    const sweep = sweepOf(house)
    house.clock.now += RUN_TIMINGS.silentAfter + 1
    await sweep()
    expect(await other.claim()).toEqual([])
    house.clock.now += RUN_TIMINGS.stickFor
    const taken = await claimOne(other)
    expect(taken).toMatchObject({ id, moved: true, session: null, messages: [{ state: 'sent' }] })
    expect((await worker.heartbeat(run)).lost).toEqual([id])
    const late = await errorOf(worker.report(run, { is: 'state', state: 'ready' }))
    expect([late.code, late.message]).toEqual(['conflict', 'This run is not under this claim any more.'])
    expect((await errorOf(worker.lease(run))).code).toBe('conflict')
    const over = await errorOf(house.ask(worker.caller, 'leases.read', { id: lease.id }))
    expect(over.code).toBe('not_found')
    await other.report(taken, { is: 'message', message: run.messages[0]?.id ?? '', state: 'done' })
  })

  it('and started again gets its own back at once', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const first = await claimOne(worker)
    expect(await worker.claim({ holding: [first.claim] })).toEqual([])
    const second = await claimOne(worker)
    expect(second).toMatchObject({ id, moved: false })
    expect(second.claim).not.toBe(first.claim)
    expect((await errorOf(worker.report(first, { is: 'state', state: 'ready' }))).code).toBe('conflict')
  })

  it('does not keep what was wished for from happening', async () => {
    const house = createHouse()
    const id = await begun(house)
    const worker = await workerOf(house)
    const run = await claimOne(worker)
    const lease = await worker.lease(run)
    await house.ask('bob', 'runs.cancel', { id })
    house.clock.now += 1
    const sweep = sweepOf(house)
    house.clock.now += RUN_TIMINGS.silentAfter + 1
    await sweep()
    expect(await read(house, id)).toMatchObject({ state: 'cancelled', messages: [{ state: 'failed' }] })
    expect((await house.ports.store.leases.get('org-acme', lease.id))?.endReason).toBe('its run is cancelled')
    expect((await worker.heartbeat(run)).lost).toEqual([id])
  })

  it('for good: what it had is given back', async () => {
    const house = createHouse()
    const id = await begun(house)
    const [worker, other] = [await workerOf(house), await workerOf(house, 'other')]
    const lease = await worker.lease(await claimOne(worker))
    await house.ask('ada', 'workers.revoke', { name: 'box' })
    expect(await read(house, id)).toMatchObject({
      state: 'queued',
      worker: null,
      reason: 'the worker was revoked',
    })
    expect((await house.ports.store.leases.get('org-acme', lease.id))?.endedAt).not.toBeNull()
    expect(await other.claim()).toMatchObject([{ id, isNew: false, moved: true, session: null }])
  })

  it('for good takes nothing that comes while it waits', async () => {
    const house = createHouse()
    const worker = await workerOf(house)
    const since = performance.now()
    const waiting = worker.claim({ waitSeconds: 20 })
    setTimeout(async () => {
      await house.ask('ada', 'workers.revoke', { name: 'box' })
      await begun(house)
    }, 50)
    expect(await waiting).toEqual([])
    expect(performance.now() - since).toBeLessThan(10_000)
  })

  it('is not taken for silent by a server that was away itself', async () => {
    const house = createHouse()
    const id = await begun(house)
    await claimOne(await workerOf(house))
    house.clock.now += RUN_TIMINGS.silentAfter + 1
    const elapsed = () => 0
    await createSweep({ ...house.ports, guard: createGuard(house.ports), log, elapsed })()
    expect((await read(house, id)).state).toBe('booting')
  })
})

it('a person who leaves takes their runs along', async () => {
  const house = createHouse()
  const id = await begun(house)
  const worker = await workerOf(house)
  const run = await claimOne(worker)
  await house.ask('ada', 'members.remove', { member: 'bob' })
  expect(await house.ask('ada', 'runs.read', { id })).toMatchObject({ state: 'cancelled' })
  expect((await worker.heartbeat(run)).lost).toEqual([id])
})
