import { expect, it } from 'vitest'
import { errorOf } from '../../../test/support/house.ts'
import { houseWithLogin } from '../../../test/support/house-with-login.ts'

it('a login takes no value that was entered, and does not go back to a spent one', async () => {
  const { house, credential: id, signInAgain, provider } = await houseWithLogin()
  await signInAgain(provider.account)
  const { version } = await house.ask('ada', 'credentials.get', { id })
  expect(version).toBe(2)
  for (const change of [{ fields: { refresh: 'rt-test-other' }, clear: [] }, { clear: ['email'] }]) {
    const refused = await errorOf(house.ask('ada', 'credentials.update', { id, ...change }))
    expect(refused).toMatchObject({ code: 'invalid', message: expect.stringContaining('by signing in only') })
  }
  expect((await errorOf(house.ask('ada', 'credentials.rollback', { id, version: 1 }))).code).toBe('invalid')
  expect(await house.ask('ada', 'credentials.update', { id, description: 'mine', clear: [] })).toMatchObject({
    ...{ description: 'mine', version: 2 },
  })
})
