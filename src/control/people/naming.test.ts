import { expect, it } from 'vitest'
import { createHouse, errorOf } from '../../../test/support/house.ts'

it('a person says what they are called, and nobody else for them', async () => {
  const house = createHouse()
  expect(await house.ask('bob', 'profile.update', { name: '  Bob Ross ' })).toEqual({ name: 'Bob Ross' })
  const { members } = await house.ask('ada', 'members.list', {})
  expect(members.find(({ id }) => id === 'bob')?.name).toBe('Bob Ross')
  expect((await errorOf(house.ask('bob', 'profile.update', { name: ' ' }))).code).toBe('invalid')
  expect(await house.audit()).toMatchObject([
    { action: 'member.rename', objectId: 'bob', outcome: 'allowed' },
  ])
})

it('an owner names the organization', async () => {
  const house = createHouse()
  expect((await errorOf(house.ask('bob', 'organization.update', { name: 'Ours' }))).code).toBe('forbidden')
  await house.ask('ada', 'organization.update', { name: 'Acme & Daughters' })
  expect((await house.ask('ada', 'whoami', {})).organization.name).toBe('Acme & Daughters')
  expect((await errorOf(house.ask('ada', 'organization.update', { name: '' }))).code).toBe('invalid')
})
