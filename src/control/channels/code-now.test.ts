// Which code goes with what is asked for in a conversation that has a run already.

import { describe, expect, it } from 'vitest'
import { type ChannelHouse, channelHouse } from '../../../test/support/channels.ts'
import { accountOf, callOf, REPOSITORY } from '../../../test/support/platform.ts'
import { workerOf } from '../../../test/support/runs.ts'
import type { Call } from '../../domain/channels/call.ts'

const BOB = accountOf('7')
const ANN = accountOf('8')
const STRANGER = accountOf('666')

const commit = (digit: string) => digit.repeat(40)

function pullAt(ref: string | null, author = ANN, isFork = false): Partial<Call> {
  return { checkout: { repository: REPOSITORY, ref, pull: { isFork, author } } }
}

/** Bob and Ann are members. */
async function opened(changed: Parameters<typeof channelHouse>[0] = {}) {
  const house = await channelHouse(changed)
  await house.link('bob', '7')
  await house.link('ann', '8')
  let count = 0
  const asks = async (text: string, about: Partial<Call>) => {
    count += 1
    const call = callOf(BOB, { text, ...about })
    await house.deliver({ is: 'call', call }, { id: `d-${count}` })
    await house.work()
  }
  return { house, asks }
}

/** Of each message of the only run. */
async function codes(house: ChannelHouse): Promise<(string | null)[]> {
  const [run] = await house.runs()
  return (await house.ports.store.runMessages.list(run?.id ?? '')).map(({ code }) => code)
}

describe('the code of a conversation', () => {
  it('goes with the message that asks about it again, as it is by then', async () => {
    const { house, asks } = await opened()
    await asks('look', pullAt(commit('a')))
    await asks('look again', pullAt(commit('b')))
    const [{ id } = { id: '' }] = await house.runs()
    await house.ask('bob', 'runs.send', { id, text: 'typed' })
    expect(await codes(house)).toEqual([null, commit('b'), null])
    const worker = await workerOf(house)
    const [claimed] = await worker.claim()
    expect(claimed?.messages.map(({ code }) => code)).toEqual([null, commit('b'), null])
  })

  it('is the standard branch of an issue', async () => {
    const { house, asks } = await opened()
    for (const text of ['look', 'look again'])
      await asks(text, { checkout: { repository: REPOSITORY, ref: null, pull: null } })
    expect(await codes(house)).toEqual([null, 'HEAD'])
  })

  it.each([
    ['of a fork', pullAt('refs/pull/1/head', ANN, true)],
    ['of somebody who is no member', pullAt(commit('b'), STRANGER)],
  ])('never reaches the run of a member when it is %s by then', async (_, about) => {
    const { house, asks } = await opened()
    await asks('look', pullAt(commit('a')))
    await asks('look again', about)
    expect(await house.runs()).toHaveLength(1)
    expect(await codes(house)).toEqual([null])
    expect(house.texts()).toContainEqual(expect.stringContaining('Nothing was started'))
  })

  it('reaches a run of the agent of its channel then, and no other', async () => {
    const { house, asks } = await opened({ strangers: 'organization', agent: 'reviewer' })
    await asks('look', pullAt(commit('a')))
    for (const text of ['look again', 'and again'])
      await asks(text, pullAt('refs/pull/1/head', STRANGER, true))
    const all = await house.runs()
    expect(all.map(({ subjectKind }) => subjectKind).toSorted()).toEqual(['agent', 'person'])
    for (const { id, subjectKind } of all) {
      const found = (await house.ports.store.runMessages.list(id)).map(({ code }) => code)
      expect(found).toEqual(subjectKind === 'person' ? [null] : [null, 'refs/pull/1/head'])
    }
  })

  it('is nothing for a clone of another repository', async () => {
    const { house, asks } = await opened()
    await asks('look', pullAt(commit('a')))
    const repository = { ...REPOSITORY, url: 'https://platform.test/acme/other.git' }
    await asks('look again', { checkout: { repository, ref: null, pull: null } })
    expect(await codes(house)).toEqual([null, null])
  })
})
