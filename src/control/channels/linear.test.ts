import { afterEach, describe, expect, it } from 'vitest'
import { createTestApp, ORIGIN } from '../../../test/support/app.ts'
import { serverOf } from '../../../test/support/channels.ts'
import { createHouse } from '../../../test/support/house.ts'
import {
  type FakeLinear,
  LINEAR_SECRETS,
  LINEAR_STATES,
  LINEAR_USERS,
  type Payload,
  type Sending,
  sent,
  startLinear,
} from '../../../test/support/linear.ts'
import { workerOf } from '../../../test/support/runs.ts'
import { createLinearChannel } from '../../channels/linear/linear.ts'

const { us, bob, ann } = LINEAR_USERS

let linear: FakeLinear | undefined
afterEach(() => linear?.stop())

/** Bob has a key of his own, prefers Claude, and has linked his account of Linear. */
async function opened() {
  const house = createHouse()
  const there = await startLinear(house.clock)
  linear = there
  Object.assign(house.ports.channels, {
    linear: createLinearChannel({ api: there.url, accounts: 'linear' }),
  })
  await house.give('bob', 'me', 'own')
  await house.ask('ada', 'defaults.set', { harness: 'claude' })
  await house.ports.store.atomically((unit) =>
    house.people.identity
      .changing(unit)
      .linkAccount(house.caller('bob').id, { provider: 'linear', accountId: bob.id, name: 'bob' }),
  )
  const settings = { handle: 'claviger', repository: 'https://git.example/acme/shop.git' }
  await house.ask('ada', 'channels.create', {
    kind: 'linear',
    name: 'planning',
    settings,
    secrets: LINEAR_SECRETS,
  })
  const { app } = createTestApp(house)
  const post = async (payload: Payload, sending: Sending = {}) => {
    const { headers, body } = sent(payload, sending)
    const request = new Request(`${ORIGIN}/webhooks/linear`, {
      ...{ method: 'POST', headers: headers as Record<string, string>, body: Buffer.from(body) },
    })
    return (await app.fetch(request)).status
  }
  const runs = () => house.ports.store.runs.list('org-acme', {}, { limit: 100 })
  const ours = () => [...there.comments.values()].filter(({ user }) => user === us).map(({ body }) => body)
  return { house, there, post, runs, ours, work: serverOf(house).work }
}

describe('Linear', () => {
  it('starts a run as the person who assigns an issue, tells of it there, and ends it with the issue', async () => {
    const { house, there, post, runs, ours, work } = await opened()
    const issue = there.issue(ann)
    expect(await post(there.give(issue, us, bob))).toBe(200)
    await work()
    expect(await runs()).toMatchObject([
      {
        ...{ subjectKind: 'person', subjectId: house.caller('bob').id, harness: 'claude' },
        wanted: { workspace: { kind: 'git', url: 'https://git.example/acme/shop.git', ref: null } },
      },
    ])
    expect(ours()).toEqual([expect.stringContaining('waits for a worker')])
    expect(await post(there.move(issue, LINEAR_STATES.completed, bob))).toBe(200)
    await work()
    house.clock.now += 10_000
    await work()
    expect((await runs())[0]?.run.state).toMatch(/cancelled|done/)
    expect(ours()).toEqual([expect.not.stringContaining('waits for a worker')])
  })

  it('tells the worker what the issue says, and of no access that Linear would not give', async () => {
    const { house, there, post, work } = await opened()
    await post(there.say(there.issue(ann), '@claviger fix the tests.', bob))
    await work()
    const [claimed] = await (await workerOf(house)).claim()
    expect(claimed?.messages[0]?.text).toMatch(/^fix the tests\..*ENG-1 The tests fail.*> They do\./s)
    expect(claimed?.cloneAccess).toBe(false)
  })

  it('does nothing for what is sent again, unsigned, altered, old or of itself', async () => {
    const { house, there, post, runs, ours, work } = await opened()
    const payload = there.say(there.issue(ann), '@claviger fix the tests.', bob)
    expect(await post(payload, { secret: 'another secret' })).toBe(401)
    expect(await post(payload, { altered: (text) => text.replace('fix', 'ruin') })).toBe(401)
    expect(await post({ ...payload, webhookTimestamp: house.clock.now - 61_000 })).toBe(401)
    await work()
    expect(await runs()).toEqual([])
    expect(await post(payload)).toBe(200)
    expect(await post(payload, { id: 'another' })).toBe(200)
    await work()
    expect(await post(payload)).toBe(200)
    expect(await post(there.say(there.issue(ann), '@claviger go', us))).toBe(200)
    await work()
    expect(await runs()).toHaveLength(1)
    expect(ours().filter((body) => body.includes('waits for a worker'))).toHaveLength(1)
  })

  it('does once what is signed anew as if it were another change', async () => {
    const { house, there, post, runs, work } = await opened()
    const given = there.give(there.issue(ann), us, bob)
    const anew = (updatedAt: string) => ({ ...given, data: { ...(given['data'] as Payload), updatedAt } })
    await post(given)
    await work()
    const [run] = await runs()
    await house.ask('bob', 'runs.end', { id: run?.id ?? '' })
    await post(anew('2026-01-01T00:00:08Z'))
    await post(anew('2026-01-01T00:00:09Z'))
    await work()
    expect(await runs()).toHaveLength(1)
    expect(await house.ports.store.runMessages.list(run?.id ?? '')).toHaveLength(1)
  })

  it('starts nothing for whoever is not linked, also when a delivery says that it is Bob', async () => {
    const { there, post, runs, ours, work } = await opened()
    const payload = there.say(there.issue(ann), '@claviger fix the tests.', { ...ann, name: 'bob' })
    const data = { ...(payload['data'] as Payload), userId: bob.id }
    expect(await post({ ...payload, data })).toBe(200)
    await work()
    expect(await runs()).toEqual([])
    expect(ours()).toEqual([expect.stringContaining('not linked')])
  })

  it('says why, because its issues are seen in their workspace only', async () => {
    const { house, there, post, ours, work } = await opened()
    await post(there.give(there.issue(ann), us, bob))
    await work()
    const worker = await workerOf(house)
    const [run] = await worker.claim()
    if (run === undefined) throw new Error('there is no run')
    await worker.report(run, { is: 'state', state: 'failed', reason: 'the clone took too long' })
    house.clock.now += 60_000
    await work()
    expect(ours()).toEqual([expect.stringContaining('has failed: the clone took too long')])
  })

  it('waits while Linear wants to be asked less often', async () => {
    const { house, there, post, runs, work } = await opened()
    await post(there.give(there.issue(ann), us, bob))
    there.fault = 'ratelimited'
    there.resetAt = house.clock.now + 1_800_000
    await work()
    expect(await runs()).toEqual([])
    there.fault = null
    const { asked } = there
    house.clock.now += 1_790_000
    await work()
    expect(there.asked).toBe(asked)
    house.clock.now += 11_000
    await work()
    expect(await runs()).toHaveLength(1)
  })
})
