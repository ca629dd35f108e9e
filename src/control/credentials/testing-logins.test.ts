import { expect, it } from 'vitest'
import { TIMINGS } from '../../../test/support/grants.ts'
import { houseWithLogin } from '../../../test/support/house-with-login.ts'

const FORCED_EVERY = TIMINGS.forcedEvery

it('a login is tested by renewing it, once in a while', async () => {
  const { house, provider, credential: id } = await houseWithLogin()
  const whenRenewed = new Date(house.clock.now).toISOString()
  expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject({ result: 'works', state: 'ok' })
  expect(provider.calls).toBe(1)
  const until = new Date(house.clock.now + FORCED_EVERY).toISOString()
  house.clock.now += 1_000
  expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject({
    ...{ result: 'unknown', state: 'ok', askAgainAt: until },
    message: expect.stringContaining(`was not asked: it renewed it at ${whenRenewed}`),
  })
  expect(provider.calls).toBe(1)
  house.clock.now += FORCED_EVERY
  expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject({ result: 'works' })
  expect(provider.calls).toBe(2)
})

it('of one that somebody ended after it was renewed nobody says that it works', async () => {
  const { house, provider, credential: id } = await houseWithLogin()
  await house.ask('ada', 'credentials.test', { id })
  provider.live = 'somebody-else'
  expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject({ result: 'unknown' })
  house.clock.now += FORCED_EVERY
  expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject({ result: 'refused' })
})

it('one that its provider does not renew is refused, and goes on serving until its token ends', async () => {
  const { house, provider, credential: id } = await houseWithLogin()
  provider.live = 'somebody-else'
  const refused = {
    result: 'refused',
    state: 'expiring',
    message: expect.stringContaining('claviger credential login'),
  }
  expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject(refused)
  expect(await house.ask('ann', 'credentials.test', { id })).toMatchObject(refused)
  expect(provider.calls).toBe(1)
  const { credential } = await house.ask('bob', 'leases.create', { harness: 'codex' })
  expect(credential?.id).toBe(id)
})

it('nobody tests what they do not manage', async () => {
  const { house, provider, credential: id } = await houseWithLogin()
  await expect(house.ask('bob', 'credentials.test', { id })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(house.ask('eve', 'credentials.test', { id })).rejects.toMatchObject({ code: 'not_found' })
  expect(provider.calls).toBe(0)
})

it('of one that cannot be renewed now it is said why, when it is asked again soon too', async () => {
  const { house, provider, credential: id } = await houseWithLogin()
  provider.instead.push(() => ({
    ...{ kind: 'failed', doubtful: false, retryAfterMs: null },
    message: 'There is no such program here.',
  }))
  for (const wait of [0, 100]) {
    house.clock.now += wait
    expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject({
      ...{ result: 'unknown', state: 'ok' },
      message: expect.stringContaining('There is no such program here.'),
    })
  }
})
