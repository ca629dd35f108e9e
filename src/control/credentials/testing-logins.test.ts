import { expect, it } from 'vitest'
import { houseWithLogin } from '../../../test/support/house-with-login.ts'

it('a login is tested by renewing it, once in a while', async () => {
  const { house, provider, credential: id } = await houseWithLogin()
  expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject({ result: 'works', state: 'ok' })
  expect(provider.calls).toBe(1)
  expect(await house.ask('ada', 'credentials.test', { id })).toMatchObject({
    result: 'works',
    message: expect.stringContaining('a moment ago'),
  })
  expect(provider.calls).toBe(1)
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
