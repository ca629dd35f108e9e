// Where a login lands that may be of an account which is there already.

import { expect, test } from 'vitest'
import { createHouse } from '../../../test/support/house.ts'

test('it is the new login of the first that is of its account, and else a new credential', async () => {
  const house = createHouse()
  const [codex] = house.signIns
  const signIn = async (name: string, account: string, more: object = {}) => {
    if (codex !== undefined) codex.account = account
    const place = { type: 'codex/oauth', owner: 'me', method: 'paste', name, ...more } as const
    const { id } = await house.ask('bob', 'logins.start', place)
    return (await house.ask('bob', 'logins.complete', { id, pasted: 'good' })).credential
  }
  const first = (await signIn('first', 'acct-1'))?.id ?? ''
  const second = (await signIn('second', 'acct-2'))?.id ?? ''
  const ofAda = await house.give('ada', 'me', 'key')
  const orInto = [await house.give('bob', 'me', 'key'), ofAda, 'gone', first, second]
  expect(await signIn('third', 'acct-2', { orInto })).toMatchObject({
    id: second,
    name: 'second',
    version: 2,
  })
  expect(await signIn('third', 'acct-3', { orInto })).toMatchObject({ name: 'third', version: 1 })
  expect(await house.ports.store.grants.get(first)).toMatchObject({ account: 'acct-1', revision: 1 })
})
