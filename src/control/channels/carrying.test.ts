import { describe, expect, it, vi } from 'vitest'
import { channelHouse, serverOf } from '../../../test/support/channels.ts'
import { accountOf, callOf, ourselves, PLATFORM_SECRETS, REPOSITORY } from '../../../test/support/platform.ts'
import { workerOf } from '../../../test/support/runs.ts'
import type { Account, Call } from '../../domain/channels/call.ts'
import { CARRY_CLAIM, carryDue } from './carrying.ts'

const BOB = accountOf('7')
const ANN = accountOf('8')
const STRANGER = accountOf('99')

function says(author: Account, changed: Partial<Call> = {}) {
  return { is: 'call', call: callOf(author, changed) } as const
}

function pullOf(author: Account, isFork: boolean): Partial<Call> {
  return { checkout: { repository: REPOSITORY, ref: 'feature', pull: { isFork, author } } }
}

const AGENT = { strangers: 'organization', agent: 'helper', access: 'full' } as const

describe('who is mentioned', () => {
  it('starts a run as the person whose account it is, with what they prefer, on a clone of the repository', async () => {
    const house = await channelHouse({ access: 'full' })
    await house.link('bob', '7')
    await house.ask('bob', 'preferences.set', { models: { claude: 'opus' } })
    await house.deliver(says(BOB))
    await house.work()
    const [run] = await house.runs()
    expect(run).toMatchObject({
      ...{ subjectKind: 'person', subjectId: house.caller('bob').id, harness: 'claude' },
      wanted: { model: 'opus', access: 'full', workspace: { kind: 'git', url: REPOSITORY.url, ref: null } },
    })
    const worker = await workerOf(house)
    const [claimed] = await worker.claim()
    expect(claimed?.messages[0]?.text).toContain('Fix the tests.')
    expect(claimed?.messages[0]?.text).toContain('> They do.')
    const lease = claimed && (await worker.lease(claimed))
    expect(lease?.credential?.name).toBe('own')
    const call = (await house.audit()).find(({ action }) => action === 'channel.call')
    expect(call).toMatchObject({ actorKind: 'server', details: { account: '7', delivery: 'd-1' } })
  })

  it('is served by what holds in the organization when they prefer nothing', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.ask('ada', 'defaults.set', { harness: 'claude', models: { claude: 'sonnet' } })
    await house.deliver(says(BOB))
    await house.work()
    expect(await house.runs()).toMatchObject([{ harness: 'claude', wanted: { model: 'sonnet' } }])
    await house.ask('ada', 'defaults.set', { harness: null })
    await house.deliver(says(BOB, { thread: { ...callOf(BOB).thread, key: 'another' } }), { id: 'd-2' })
    await house.work()
    expect(house.texts()).toContainEqual(expect.stringContaining('Which agent program?'))
  })

  it('is whoever the platform says it is, whatever the delivery said', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    house.platform.knows = (call) => ({ ...call, author: STRANGER })
    await house.deliver(says(BOB))
    await house.work()
    expect(await house.runs()).toEqual([])
    expect(house.texts()).toEqual([expect.stringContaining('not linked')])
  })

  it('goes on in the run that is theirs, and begins one of their own beside somebody else’s', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.link('ann', '8')
    await house.deliver(says(BOB))
    await house.work()
    await house.deliver(says(BOB, { text: 'And the docs.' }), { id: 'd-2' })
    await house.deliver(says(ANN), { id: 'd-3' })
    await house.work()
    const runs = await house.runs()
    expect(runs.map(({ subjectName }) => subjectName).sort()).toEqual(
      [house.caller('ann').name, house.caller('bob').name].sort(),
    )
    const bobs = runs.find(({ subjectId }) => subjectId === house.caller('bob').id)
    const messages = await house.ports.store.runMessages.list(bobs?.id ?? '')
    expect(messages.map(({ text }) => text)).toEqual([expect.any(String), 'And the docs.'])
    expect(house.platform.comments.size).toBe(2)
  })

  it.each([
    ['an account that nobody has linked', STRANGER, {}],
    ['somebody who has taken the name of a member', accountOf('1234', { name: 'login-of-7' }), {}],
    ['a member of another organization', accountOf('55'), {}],
    ['the same id of another provider', accountOf('7', { accounts: 'https://other.test' }), {}],
  ] as const)('is refused for %s, once, with the way to link an account', async (_, author, changed) => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.link('eve', '55')
    await house.deliver(says(author, changed))
    await house.work()
    await house.deliver(says(author, changed), { id: 'd-2' })
    await house.work()
    expect(await house.runs()).toEqual([])
    expect(house.texts()).toEqual([
      expect.stringMatching(/Nothing was started.*not linked.*http:\/\/claviger\.test\/settings\/personal/s),
    ])
    const { deliveries } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(deliveries).toMatchObject([{ outcome: 'refused' }, { outcome: 'refused' }])
  })

  it('is known under another name when the account was renamed', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.deliver(says(accountOf('7', { name: 'bob-the-builder' })))
    await house.work()
    expect(await house.runs()).toMatchObject([{ subjectId: house.caller('bob').id }])
  })

  it('is nobody any more when they have left the organization', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.deliver(says(BOB))
    const { name: member } = house.caller('bob')
    await house.ask('bob', 'credentials.delete', {
      id:
        (await house.ask('bob', 'credentials.list', {})).credentials.find(({ name }) => name === 'own')?.id ??
        '',
    })
    await house.ask('ada', 'members.remove', { member })
    await house.work()
    expect(await house.runs()).toEqual([])
    expect(house.texts()).toEqual([expect.stringContaining('not linked')])
  })

  it.each([
    ['a fork of a member’s', BOB, BOB, true, 'fork'],
    ['a fork of a stranger’s', BOB, STRANGER, true, 'fork'],
    ['a stranger’s branch', BOB, STRANGER, false, 'not a member'],
  ])('meets the code of %s with no personal credential', async (_, author, owner, isFork, said) => {
    const refusing = await channelHouse()
    await refusing.link('bob', '7')
    await refusing.deliver(says(author, pullOf(owner, isFork)))
    await refusing.work()
    expect(await refusing.runs()).toEqual([])
    expect(refusing.texts()).toEqual([expect.stringContaining(said)])

    const house = await channelHouse(AGENT)
    await house.link('bob', '7')
    await house.deliver(says(author, pullOf(owner, isFork)))
    await house.work()
    // An agent's, that only reads, whatever members may do.
    expect(await house.runs()).toMatchObject([
      { subjectKind: 'agent', subjectId: 'helper', wanted: { access: 'read' } },
    ])
    expect(house.texts()).toEqual([expect.stringContaining(said)])
    const worker = await workerOf(house)
    const [claimed] = await worker.claim()
    const lease = claimed && (await worker.lease(claimed))
    expect(lease?.credential?.name).toBe('for-agents')
  })

  it('is served by a person for a pull request of a member in the repository itself', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.link('ann', '8')
    await house.deliver(says(BOB, pullOf(ANN, false)))
    await house.work()
    expect(await house.runs()).toMatchObject([
      { subjectId: house.caller('bob').id, wanted: { workspace: { ref: 'feature' } } },
    ])
  })

  it('is told what is missing when nothing serves them', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.ask('ada', 'harnesses.set', { harness: 'claude', enabled: false })
    await house.deliver(says(BOB))
    await house.work()
    expect(house.texts()).toEqual([expect.stringMatching(/^Nothing was started\. Claude Code is disabled/)])
  })

  it('ends the run by closing the conversation, and nobody else’s', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.link('ann', '8')
    await house.deliver(says(BOB))
    await house.work()
    const thread = callOf(BOB).thread.key
    await house.deliver({ is: 'over', thread, author: ANN }, { id: 'd-2' })
    await house.work()
    expect((await house.runs())[0]?.run.state).toBe('queued')
    await house.deliver({ is: 'over', thread, author: BOB }, { id: 'd-3' })
    await house.work()
    expect((await house.runs())[0]?.run.state).toBe('done')
  })
})

describe('faults', () => {
  it('a platform that does not answer holds up no other channel', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    const other = { kind: 'github', name: 'other', settings: { handle: 'claviger' } } as const
    const secrets = { ...PLATFORM_SECRETS, signing: 'another-one' }
    await house.ask('ada', 'channels.create', { ...other, secrets, strangers: 'refuse', access: 'write' })
    house.platform.asked.splice(0)
    const { promise, resolve } = Promise.withResolvers<void>()
    house.platform.holds = promise
    await house.deliver(says(BOB))
    await carryDue(house.carrying)
    await vi.waitUntil(() => house.platform.asked.length > 0)
    house.platform.holds = null
    await house.deliver(says(BOB), { id: 'd-2', secret: 'another-one' })
    await carryDue(house.carrying)
    await vi.waitFor(async () => expect(await house.runs()).toHaveLength(1))
    resolve()
    await house.carrying.turns.ended()
    expect(await house.runs()).toHaveLength(2)
  })

  it('a platform that wants rest is left alone until then', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    house.platform.wantsRest = 900
    await house.deliver(says(BOB))
    await house.deliver(says(STRANGER), { id: 'd-2' })
    await house.work()
    expect(house.platform.asked).toHaveLength(1)
    house.platform.wantsRest = null
    house.clock.now += 899_000
    await house.work()
    expect(house.platform.asked).toHaveLength(1)
    house.clock.now += 1_000
    await house.work()
    expect(await house.runs()).toHaveLength(1)
    expect(house.texts()).toContainEqual(expect.stringContaining('not linked'))
  })

  it('what came while the token was refused is done when it is taken', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    house.platform.refusesToken = true
    await house.deliver(says(BOB))
    await house.work()
    house.platform.refusesToken = false
    house.clock.now += 15_000
    await house.work()
    expect(await house.runs()).toHaveLength(1)
  })

  it('what is older than a day when somebody comes to it is not done any more', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.deliver(says(BOB))
    house.clock.now += 25 * 3_600_000
    await house.work()
    expect(await house.runs()).toEqual([])
    const { deliveries } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(deliveries).toMatchObject([{ outcome: 'late' }])
  })

  it('a channel that may do less now goes on in no run that may do more', async () => {
    const house = await channelHouse({ access: 'full' })
    await house.link('bob', '7')
    await house.deliver(says(BOB))
    await house.work()
    await house.ask('ada', 'channels.update', { id: 'shop', access: 'read' })
    await house.deliver(says(BOB), { id: 'd-2' })
    await house.work()
    expect((await house.runs()).map(({ wanted }) => wanted.access).sort()).toEqual(['full', 'read'])
  })

  it('what is of ourselves asks for nothing, also when that is found out only now', async () => {
    const house = await channelHouse()
    await house.link('bob', ourselves.accountId)
    await house.deliver(says(ourselves))
    await house.work()
    expect(await house.runs()).toEqual([])
    expect(house.texts()).toEqual([])
  })

  it('two servers that come to it at once begin one run', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    const [one, other] = [serverOf(house), serverOf(house)]
    const delivered = await Promise.all([one.deliver(says(BOB)), other.deliver(says(BOB))])
    expect(delivered.sort()).toEqual(['known', 'taken'])
    await Promise.all([one.work(), other.work(), house.work()])
    expect(await house.runs()).toHaveLength(1)
    expect(house.platform.comments.size).toBe(1)
  })

  it('a server that dies before the run was begun loses nothing', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.deliver(says(BOB))
    const [call] = await house.ports.store.calls.due(house.clock.now, 1, [])
    if (call === undefined) throw new Error('nothing is due')
    await house.ports.store.calls.claim(call, house.clock.now + CARRY_CLAIM)
    await house.work()
    expect(await house.runs()).toEqual([])
    house.clock.now += CARRY_CLAIM
    await house.work()
    expect(await house.runs()).toHaveLength(1)
  })

  it('a server that dies after the run was begun finds it again, whatever was changed meanwhile', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    await house.deliver(says(BOB))
    const dying = serverOf(house)
    const start: typeof dying.carrying.start = async (...asked) => {
      await dying.carrying.start(...asked)
      throw new Error('killed')
    }
    await carryDue({ ...dying.carrying, start })
    await dying.carrying.turns.ended()
    expect(await house.runs()).toHaveLength(1)
    await house.ask('bob', 'preferences.set', { models: { claude: 'another' } })
    house.clock.now += CARRY_CLAIM
    await house.work()
    expect(await house.runs()).toHaveLength(1)
    expect(house.platform.comments.size).toBe(1)
  })

  it('a platform that is away is asked again, and given up after a day', async () => {
    const house = await channelHouse()
    await house.link('bob', '7')
    house.platform.isAway = true
    await house.deliver(says(BOB))
    await house.deliver(says(STRANGER), { id: 'd-2' })
    await house.work()
    const asked = house.platform.asked.length
    await house.work()
    expect(house.platform.asked).toHaveLength(asked)
    house.clock.now += 15_000
    house.platform.isAway = false
    await house.work()
    expect(await house.runs()).toHaveLength(1)
    expect(house.texts()).toHaveLength(2)

    house.platform.isAway = true
    await house.deliver(says(BOB, { text: 'Again.' }), { id: 'd-3' })
    for (let hours = 0; hours < 30; hours += 1) {
      await house.work()
      house.clock.now += 3_600_000
    }
    const { deliveries } = await house.ask('ada', 'channels.get', { id: 'shop' })
    expect(deliveries[0]).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('in time') })
  })
})
