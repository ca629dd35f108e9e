import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../../../test/support/house.ts'
import { eventsOf, type WorkerOfTest, workerOf } from '../../../../test/support/runs.ts'

async function begun(house: House) {
  await house.give('bob', 'me', 'own')
  await house.give('bob', 'me', 'work')
  const worker = await workerOf(house)
  const { id } = await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'hi' })
  const [run] = await worker.claim()
  if (run === undefined) throw new Error('nothing was claimed')
  return { worker, id, run }
}

async function notices(house: House, id: string): Promise<string[]> {
  const events = (await eventsOf(house, 'bob', id)).map(({ event }) => event)
  return events.flatMap((event) => (event.kind === 'notice' ? [event.text] : []))
}

async function newsOf(worker: WorkerOfTest, run: Awaited<ReturnType<typeof begun>>['run']) {
  return (await worker.heartbeat(run)).news[0]
}

describe('what serves a run', () => {
  it('is chosen in mid-conversation: its worker hears of it, and the next lease is on that alone', async () => {
    const house = createHouse()
    const { worker, id, run } = await begun(house)
    expect((await worker.lease(run)).credential?.name).toBe('own')
    expect(run).toMatchObject({ chosen: null, interrupted: null })
    const seen = await house.ask('bob', 'runs.choose', { id, credential: 'work', model: 'opus' })
    expect(seen).toMatchObject({
      chosen: { credential: 'work', model: 'opus' },
      wanted: { credential: null, model: null },
      // The turn that is under way keeps what it has.
      credential: { name: 'own' },
    })
    expect(await newsOf(worker, run)).toMatchObject({ chosen: { count: 1, model: 'opus' } })
    const next = await worker.lease(run)
    expect(next.credential?.name).toBe('work')
    expect(await notices(house, id)).toEqual([
      'It is served by work alone, with the model opus, from the next turn on: chosen by bob@example.test.',
    ])
    const { served } = await house.ask('bob', 'runs.read', { id })
    expect(served.map(({ credential, endedAt }) => [credential?.name, endedAt === null])).toEqual([
      ['own', false],
      ['work', true],
    ])
    house.provider.result = 'refused'
    const answer = await house.ask(worker.caller, 'leases.reject', {
      id: next.id,
      generation: 1,
      status: 401,
    })
    expect([answer.verdict, answer.lease]).toEqual(['fail', null])
  })

  it('is what was said before where nothing is said, and the order again with null', async () => {
    const house = createHouse()
    const { worker, id, run } = await begun(house)
    await house.ask('bob', 'runs.choose', { id, credential: 'work', model: 'opus' })
    expect((await house.ask('bob', 'runs.choose', { id, credential: null })).chosen).toEqual({
      ...{ credential: null, model: 'opus' },
    })
    expect((await worker.lease(run)).credential?.name).toBe('own')
    const same = await house.ask('bob', 'runs.choose', { id })
    expect(same.chosen).toEqual({ credential: null, model: 'opus' })
    expect((await newsOf(worker, run))?.chosen).toEqual({ count: 2, model: 'opus' })
    // Whoever takes it up later is told at once.
    await worker.report(run, { is: 'state', state: 'hibernated' })
    await house.ask('bob', 'runs.wake', { id })
    expect((await worker.claim())[0]).toMatchObject({ chosen: { count: 2, model: 'opus' } })
  })

  it('is a credential that its person may use, and it is theirs to choose', async () => {
    const house = createHouse()
    const { worker, id, run } = await begun(house)
    const code = async (asking: Promise<unknown>) => (await errorOf(asking)).code
    expect(await code(house.ask('bob', 'runs.choose', { id, credential: 'none' }))).toBe('no_credential')
    expect(await code(house.ask('ada', 'runs.choose', { id, model: 'opus' }))).toBe('forbidden')
    await house.ask('bob', 'runs.cancel', { id })
    await worker.report(run, { is: 'state', state: 'cancelled' })
    expect(await code(house.ask('bob', 'runs.choose', { id, model: 'opus' }))).toBe('conflict')
  })

  it('is let go with a word when it is not there any more, and the order holds again', async () => {
    const house = createHouse()
    const { worker, id, run } = await begun(house)
    const { chosen } = await house.ask('bob', 'runs.choose', { id, credential: 'work', model: 'opus' })
    expect(chosen?.credential).toBe('work')
    const { credentials } = await house.ask('bob', 'credentials.list', {})
    const work = credentials.find(({ name }) => name === 'work')
    await house.ask('bob', 'credentials.delete', { id: work?.id ?? '' })
    expect((await worker.lease(run)).credential?.name).toBe('own')
    expect((await notices(house, id)).at(-1)).toBe(
      'work, which was chosen, is not there any more: whichever credential comes first serves.',
    )
    expect((await house.ask('bob', 'runs.read', { id })).chosen).toEqual({ credential: null, model: 'opus' })
    expect((await worker.lease(run)).credential?.name).toBe('own')
    expect(await notices(house, id)).toHaveLength(2)
  })

  it('chosen while it waits for credentials, is looked at at once', async () => {
    const house = createHouse()
    const { worker, id, run } = await begun(house)
    const lease = await worker.lease(run)
    await worker.report(run, { is: 'state', state: 'waiting_for_credentials', reason: 'so' })
    const events = await house.ask(worker.caller, 'leases.events', { id: lease.id })
    await events.next()
    const next = events.next()
    await house.ask('bob', 'runs.choose', { id, credential: 'work' })
    expect((await next).value).toEqual({ type: 'revoked', reason: 'something else was chosen for its run' })
  })
})

describe('a message', () => {
  it('is broken off by whoever has the run: the worker is told which', async () => {
    const house = createHouse()
    const { worker, id, run } = await begun(house)
    const message = run.messages[0]?.id ?? ''
    await worker.report(run, { is: 'message', message, state: 'sent' })
    await house.ask('bob', 'runs.interrupt', { id })
    expect(await newsOf(worker, run)).toMatchObject({ interrupted: message })
    await worker.report(run, { is: 'message', message, state: 'failed', reason: 'it was interrupted' })
    // Answered, one way or the other: nothing is new.
    const { bell } = (await newsOf(worker, run)) ?? { bell: 0 }
    await house.ask('bob', 'runs.interrupt', { id, message })
    expect((await worker.heartbeat(run, bell)).news).toEqual([])
  })

  it('that nobody has is not given to anybody', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'own')
    const { id, messages } = await house.ask('bob', 'runs.create', { harness: 'claude', prompt: 'hi' })
    await house.ask('bob', 'runs.interrupt', { id, message: messages[0]?.id ?? '' })
    expect((await house.ask('bob', 'runs.read', { id })).messages).toMatchObject([
      { state: 'failed', reason: 'it was interrupted' },
    ])
    const worker = await workerOf(house)
    expect((await worker.claim())[0]?.messages).toEqual([])
  })

  it('of somebody else is theirs', async () => {
    const house = createHouse()
    const { id } = await begun(house)
    expect((await errorOf(house.ask('ada', 'runs.interrupt', { id }))).code).toBe('forbidden')
  })
})
