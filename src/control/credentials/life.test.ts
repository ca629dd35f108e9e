import { describe, expect, it } from 'vitest'
import { createHouse, type House } from '../../../test/support/house.ts'
import { houseWithLogin } from '../../../test/support/house-with-login.ts'
import { workerOf } from '../../../test/support/runs.ts'

const DAY = 24 * 3_600_000
const USAGE = { input: 100, cachedInput: 40, output: 7 }

async function working(house: House, who: 'bob' | 'cyd', prompt: string) {
  const { id } = await house.ask(who, 'runs.create', { harness: 'claude', prompt })
  const worker = await workerOf(house, `box-of-${who}`)
  const [run] = await worker.claim()
  if (run === undefined) throw new Error('nothing was claimed')
  const lease = (await worker.lease(run)).id
  await worker.report(run, { is: 'state', state: 'working' })
  const turn = () => worker.report(run, { is: 'event', event: { kind: 'turn-done', usage: USAGE }, lease })
  return { id, turn }
}

describe('what runs have used of a credential', () => {
  it('is said day by day and run by run, to each as far as the runs are theirs to see', async () => {
    const house = createHouse()
    const id = await house.give('ada', 'org', 'orgs')
    const [bob, cyd] = [await working(house, 'bob', 'mine'), await working(house, 'cyd', 'secret plans')]
    await bob.turn()
    house.clock.now += 2 * DAY
    await bob.turn()
    await cyd.turn()
    const used = await house.ask('aud', 'credentials.usage', { id, days: '4' })
    expect(used.days.map(({ turns, usage }) => [turns, usage.input])).toEqual([
      [0, 0],
      [1, 100],
      [0, 0],
      [2, 200],
    ])
    expect(used.days.at(-1)?.day).toBe(new Date(house.clock.now).toISOString().slice(0, 10))
    expect(used.total).toEqual({ turns: 3, usage: { input: 300, cachedInput: 120, output: 21 } })
    const shown = used.runs.map(({ id: run, title, turns }) => [run, title, turns])
    expect(shown).toEqual([
      [cyd.id, null, 1],
      [bob.id, null, 2],
    ])
    expect((await house.ask('ada', 'credentials.usage', { id })).runs[0]?.title).toBe('secret plans')
    // Their day is counted when it was, also when it is not asked for.
    expect((await house.ask('ada', 'credentials.usage', { id, days: '1' })).total.turns).toBe(2)
  })
})

describe('how a login was kept alive', () => {
  it('is every sign-in and every try, with what it was for and how long it took', async () => {
    const { house, credential, lease, signInAgain } = await houseWithLogin()
    house.clock.now += 3_590_000
    await lease('bob')
    house.clock.now += 1_000
    await signInAgain('acct-1')
    const { renewals } = await house.ask('ada', 'credentials.renewals', { id: credential })
    expect(
      renewals.map(({ why, outcome, generation, current }) => [why, outcome, generation, current]),
    ).toEqual([
      ['sign-in', 'done', 3, true],
      ['use', 'done', 2, false],
      ['sign-in', 'done', 1, false],
    ])
    expect(renewals[1]).toMatchObject({ from: 1, by: 'claviger serve', took: expect.any(Number) })
  })

  it('says of a test that it was one', async () => {
    const { house, credential: id } = await houseWithLogin()
    house.clock.now += 1_000
    await house.ask('ada', 'credentials.test', { id })
    const { renewals } = await house.ask('ada', 'credentials.renewals', { id })
    expect(renewals[0]).toMatchObject({ why: 'forced', sentence: 'It was tested.', by: 'a test' })
  })

  it('is nothing for a key', async () => {
    const house = createHouse()
    const id = await house.give('bob', 'me', 'own')
    expect(await house.ask('bob', 'credentials.renewals', { id })).toEqual({ renewals: [] })
  })
})
