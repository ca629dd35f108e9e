import { describe, expect, it, vi } from 'vitest'
import { type ChannelHouse, channelHouse, serverOf } from '../../../test/support/channels.ts'
import { errorOf } from '../../../test/support/house.ts'
import { accountOf, callOf, REPOSITORY } from '../../../test/support/platform.ts'
import { workerOf } from '../../../test/support/runs.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { nothingLeft } from '../../domain/resolution/verdicts.ts'
import { carryDue } from './carrying.ts'

const BOB = accountOf('7')

async function begun(repository = REPOSITORY): Promise<ChannelHouse> {
  const house = await channelHouse()
  await house.link('bob', '7')
  const checkout = { repository, ref: null, pull: null }
  await house.deliver({ is: 'call', call: callOf(BOB, { checkout }) })
  await house.work()
  return house
}

async function later(house: ChannelHouse): Promise<void> {
  house.clock.now += 60_000
  await house.work()
}

async function atWork(house: ChannelHouse) {
  const worker = await workerOf(house)
  const [run] = await worker.claim()
  if (run === undefined) throw new Error('there is no run')
  await worker.lease(run)
  await worker.report(run, { is: 'state', state: 'ready', reason: '' })
  await worker.report(run, { is: 'message', message: run.messages[0]?.id ?? '', state: 'sent' })
  await worker.report(run, { is: 'state', state: 'working', reason: '' })
  return { worker, run }
}

type AtWork = Awaited<ReturnType<typeof atWork>>

async function answer(worker: AtWork['worker'], run: AtWork['run']): Promise<void> {
  const usage = { input: 1, cachedInput: 0, output: 1 }
  await worker.report(
    run,
    { is: 'event', event: { kind: 'text', text: 'All green, @everyone.' } },
    { is: 'event', event: { kind: 'turn-done', usage } },
    { is: 'message', message: run.messages[0]?.id ?? '', state: 'done' },
    { is: 'state', state: 'ready', reason: '' },
  )
}

describe('what is told of a run', () => {
  it('is one comment, edited as its state changes, with the answer at its end', async () => {
    const house = await begun()
    expect(house.texts()).toEqual([expect.stringContaining('**Claude Code** · waits for a worker')])
    const { worker, run } = await atWork(house)
    await later(house)
    expect(house.texts()).toEqual([expect.stringContaining('is at work')])
    await worker.report(run, { is: 'state', state: 'reauthenticating', reason: 'own was refused' })
    await later(house)
    expect(house.texts()).toEqual([expect.stringContaining('re-authenticating Claude Code')])
    await worker.report(run, { is: 'state', state: 'waiting_for_credentials', reason: 'own needs its owner' })
    await later(house)
    expect(house.texts()).toEqual([
      expect.stringMatching(/waits for a credential.*\[Sign in again\]\(http:\/\/claviger\.test\//s),
    ])
    await worker.report(run, { is: 'state', state: 'working', reason: '' })
    await answer(worker, run)
    await later(house)
    expect(house.texts()).toEqual([expect.stringMatching(/^All green, @\u200beveryone\./)])
    expect([...house.platform.comments.values()][0]?.edits).toBe(5)
    expect(house.texts()[0]).toContain('http://claviger.test/runs/')
  })

  it('is shown by the place too: once when work begins, once when there is an answer', async () => {
    const house = await begun()
    expect(house.platform.shown).toEqual([])
    const { worker, run } = await atWork(house)
    await later(house)
    await later(house)
    expect(house.platform.shown).toEqual(['begun'])
    await answer(worker, run)
    await later(house)
    await later(house)
    expect(house.platform.shown).toEqual(['begun', 'answered'])
    expect(house.platform.comments.size).toBe(1)
  })

  it('is shown as begun first when the answer comes before anybody has looked', async () => {
    const house = await begun()
    const { worker, run } = await atWork(house)
    await answer(worker, run)
    await later(house)
    expect(house.platform.shown).toEqual(['begun', 'answered'])
  })

  it('is told where the place cannot show it, and is shown when it can again', async () => {
    const house = await begun()
    house.platform.showsNothing = new ClavigerError('invalid', 'There is no such state.')
    const { worker, run } = await atWork(house)
    await later(house)
    await later(house)
    expect(house.texts()).toEqual([expect.stringContaining('is at work')])
    expect(house.platform.asked.filter((what) => what === 'show')).toHaveLength(1)
    const { lastStatus } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(lastStatus).toBe('There is no such state.')
    house.platform.showsNothing = new ClavigerError('unavailable', 'It is busy.')
    await answer(worker, run)
    await later(house)
    expect(house.texts()).toEqual([expect.stringContaining('All green')])
    house.platform.showsNothing = null
    await later(house)
    expect(house.platform.shown).toEqual(['answered'])
    expect([...house.platform.comments.values()][0]?.edits).toBe(3)
  })

  it('names no person and no credential where everybody reads it', async () => {
    const house = await begun({ ...REPOSITORY, isPrivate: false })
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('there is no run')
    await worker.lease(run)
    await worker.report(run, { is: 'state', state: 'ready', reason: '' })
    await worker.report(run, { is: 'state', state: 'waiting_for_credentials', reason: 'own needs its owner' })
    await later(house)
    const [text] = house.texts()
    expect(text).toContain('a personal credential')
    expect(text).not.toMatch(/own needs|bob/i)
  })

  it('gives no reason of a failure where everybody reads it, but what says nothing of anybody', async () => {
    for (const [reason, said] of [
      ['fatal: proxy.corp.internal refused /home/ci', /has failed$/m],
      [nothingLeft('claude'), /has failed: Couldn't authenticate/],
    ] as const) {
      const house = await begun({ ...REPOSITORY, isPrivate: false })
      const { worker, run } = await atWork(house)
      await worker.report(run, { is: 'state', state: 'failed', reason })
      await later(house)
      expect(house.texts()).toEqual([expect.stringMatching(said)])
      expect(house.texts()[0]).not.toContain('corp.internal')
    }
  })

  it('does not show the answer before as the answer to what failed', async () => {
    const house = await begun()
    const { worker, run } = await atWork(house)
    await answer(worker, run)
    await later(house)
    expect(house.texts()).toEqual([expect.stringMatching(/^All green.*has answered/s)])
    await house.deliver({ is: 'call', call: callOf(BOB, { text: 'Now the docs.' }) }, { id: 'd-2' })
    await house.work()
    const failure = { kind: 'network', status: null, code: null, text: 'It broke.', resetsAt: null } as const
    await worker.report(run, { is: 'state', state: 'working', reason: '' })
    await worker.report(run, { is: 'event', event: { kind: 'turn-failed', failure, usage: null } })
    await worker.report(run, { is: 'state', state: 'ready', reason: '' })
    await later(house)
    expect(house.texts()).toEqual([expect.stringMatching(/^\*\*Claude Code\*\* · could not finish its turn/)])
  })

  it('is one comment of several servers when something happens while the platform is slow', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.deliver({ is: 'call', call: callOf(BOB) })
    await carryDue(house.carrying)
    await house.carrying.turns.ended()
    const [one, other] = [serverOf(house), serverOf(house)]
    const { promise, resolve } = Promise.withResolvers<void>()
    house.platform.holds = promise
    const first = one.work()
    await vi.waitUntil(() => house.platform.asked.includes('comment'))
    const [run] = await house.runs()
    await house.ports.store.threads.wake(run?.id ?? '', house.clock.now)
    house.clock.now += 6_000
    await other.work()
    resolve()
    await first
    await other.work()
    await later(house)
    expect(house.platform.comments.size).toBe(1)
    expect(house.platform.asked.filter((what) => what === 'comment')).toHaveLength(1)
  })

  it('is told as soon as the channel has a token that is taken', async () => {
    const house = await begun()
    const [run] = await house.runs()
    house.platform.refusesToken = true
    await house.ask('bob', 'runs.cancel', { id: run?.id ?? '' })
    await later(house)
    expect(house.texts()).toEqual([expect.stringContaining('waits for a worker')])
    house.platform.refusesToken = false
    await later(house)
    expect(house.texts()).toEqual([expect.stringContaining('was cancelled')])
  })

  it('is edited every five seconds at most', async () => {
    const house = await begun()
    const worker = await workerOf(house)
    await worker.claim()
    const [run] = await house.runs()
    for (let i = 0; i < 4; i += 1) {
      house.clock.now += 1_000
      await house.ports.store.threads.wake(run?.id ?? '', house.clock.now)
      await house.work()
    }
    expect(house.texts()).toEqual([expect.stringContaining('waits for a worker')])
    house.clock.now += 1_000
    await house.work()
    expect(house.texts()).toEqual([expect.stringContaining('gets its workspace')])
  })

  it('is written once by several servers, also when the answer to writing it was lost', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    house.platform.losesAnswer = true
    await house.deliver({ is: 'call', call: callOf(BOB) })
    await Promise.all([serverOf(house).work(), serverOf(house).work()])
    await later(house)
    await later(house)
    expect(house.platform.comments.size).toBe(1)
  })

  it('waits while the platform is away, and is said then as it is then', async () => {
    const house = await begun()
    const worker = await workerOf(house)
    house.platform.isAway = true
    await worker.claim()
    await later(house)
    const { lastStatus } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(lastStatus).toBe('The platform did not answer in time.')
    const [run] = await house.runs()
    await house.ask('bob', 'runs.cancel', { id: run?.id ?? '' })
    house.platform.isAway = false
    await later(house)
    expect(house.texts()).toHaveLength(1)
  })

  it('stays as it is when the run is deleted', async () => {
    const house = await begun()
    const [run] = await house.runs()
    const id = run?.id ?? ''
    await house.ask('bob', 'runs.cancel', { id })
    await later(house)
    const before = house.texts()
    expect(before).toEqual([expect.stringContaining('was cancelled')])
    await house.ask('bob', 'runs.delete', { id })
    await later(house)
    expect(house.texts()).toEqual(before)
    expect(await house.ports.store.threads.get('org-acme', id)).toBeUndefined()
  })

  it('ends with the channel; the run stays', async () => {
    const house = await begun()
    await house.ask('ada', 'channels.remove', { id: 'shop' })
    const asked = house.platform.asked.length
    await later(house)
    expect(house.platform.asked).toHaveLength(asked)
    expect(await house.runs()).toHaveLength(1)
  })
})

describe('the right to clone', () => {
  it('is for the worker that has the run, of its repository, and in the audit log', async () => {
    const house = await begun()
    const [worker, other] = [await workerOf(house, 'box'), await workerOf(house, 'other')]
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('there is no run')
    const { id, claim } = run
    expect(run.cloneAccess).toBe(true)
    const { token, ...rest } = await house.ask(worker.caller, 'runs.repository', { id, claim })
    expect(rest).toMatchObject({ url: REPOSITORY.url, username: 'x-access-token' })
    expect(token.expose()).toBe('fake-clone-token-r-1')
    const entries = (await house.audit()).filter(({ action }) => /\.clone$/.test(action))
    expect(entries).toMatchObject([
      { action: 'run.clone', actorKind: 'worker', details: { repository: 'r-1' } },
      { action: 'channel.clone', details: { run: id } },
    ])
    const refused = [
      house.ask(other.caller, 'runs.repository', { id, claim }),
      house.ask(worker.caller, 'runs.repository', { id, claim: 'another' }),
    ]
    for (const one of refused) expect((await errorOf(one)).code).toBe('not_found')
    expect((await errorOf(house.ask('bob', 'runs.repository', { id, claim }))).code).toBe('forbidden')
  })

  it('ends when its worker says so, which is said again where the platform was away', async () => {
    const house = await begun()
    const worker = await workerOf(house, 'box')
    const [run] = await worker.claim()
    const id = run?.id ?? ''
    const token = 'fake-clone-token-r-1'
    house.platform.isAway = true
    const away = house.ask(worker.caller, 'runs.cloned', { id, token })
    expect((await errorOf(away)).code).toBe('unavailable')
    house.platform.isAway = false
    await house.ask(worker.caller, 'runs.cloned', { id, token })
    expect(house.platform.ended).toEqual([token])
    const entries = (await house.audit()).filter(({ action }) => action === 'run.cloned')
    expect(entries.at(-1)).toMatchObject({ actorKind: 'worker', details: { repository: 'r-1' } })
    expect(JSON.stringify(entries)).not.toContain(token)
    expect((await errorOf(house.ask('bob', 'runs.cloned', { id, token }))).code).toBe('forbidden')
    const none = house.ask(worker.caller, 'runs.cloned', { id: 'run_none', token })
    expect((await errorOf(none)).code).toBe('not_found')
  })

  it('is not given where everybody may clone', async () => {
    const house = await begun({ ...REPOSITORY, isPrivate: false })
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    expect(run?.cloneAccess).toBe(false)
    const asked = house.ask(worker.caller, 'runs.repository', { id: run?.id ?? '', claim: run?.claim ?? '' })
    expect((await errorOf(asked)).code).toBe('not_found')
    expect(house.platform.asked).not.toContain('clone')
  })
})
