// How long a browser stays signed in is the server's to say.

import { expect, it } from 'vitest'
import { BROWSER, givePassword, PASSWORD } from '../../../test/support/browsers.ts'
import { createHouse, errorOf } from '../../../test/support/house.ts'
import { createAuthenticator } from '../authenticate.ts'
import { createControl } from '../control.ts'

const DAY = 86_400_000

it('a session ends as the settings of the server say, whole and unused', async () => {
  const house = createHouse()
  const ports = { ...house.ports, sessionLife: { whole: 3 * DAY, idle: DAY } }
  await givePassword(house, 'bob')
  const visitor = { address: '192.0.2.1', requestId: 'r', ...BROWSER }
  const given = { email: 'bob@example.test', password: PASSWORD }
  const { cookie, session } = await createControl(ports)['session.create'](visitor, given)
  if (cookie === undefined || cookie === 'none') throw new Error('nobody is signed in')
  const ask = async (of = ports) => createAuthenticator(of)(cookie.value.expose(), 'r', 'cookie')
  expect(cookie.expiresAt).toBe(house.clock.now + 3 * DAY)
  expect(Date.parse(session?.session?.expiresAt ?? '')).toBe(cookie.expiresAt)
  for (let day = 0; day < 2; day += 1) {
    house.clock.now += DAY - 1
    await ask()
    await expect
      .poll(async () => (await house.ports.store.sessions.ofPerson('bob'))[0]?.lastSeenAt)
      .toBe(house.clock.now)
  }
  house.clock.now += DAY
  expect(await errorOf(ask())).toMatchObject({ code: 'unauthenticated' })
  // Unused for a day only: by the standard ones it lives.
  await expect(ask({ ...ports, sessionLife: house.ports.sessionLife })).resolves.toMatchObject({ id: 'bob' })
  house.clock.now = cookie.expiresAt
  expect(await errorOf(ask({ ...ports, sessionLife: house.ports.sessionLife }))).toMatchObject({
    code: 'unauthenticated',
  })
})
