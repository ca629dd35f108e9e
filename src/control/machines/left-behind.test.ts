// Codes of those who may not make them any more.

import { expect, it } from 'vitest'
import { createHouse, errorOf } from '../../../test/support/house.ts'

async function enrolledBy(who: 'ada' | 'ann') {
  const house = createHouse()
  const enrol = async (by: 'ada' | 'ann', name: string) =>
    (await house.ask(by, 'workers.enrol', { name })).code.expose()
  const used = await enrol(who, 'used')
  await house.visit('workers.join', { code: used })
  return { house, code: await enrol(who, 'open'), other: await enrol('ada', 'other') }
}

it.each(['members.remove', 'members.update', 'membership.leave'] as const)(
  'a code that enrols a worker is worth nothing after %s of its maker',
  async (how) => {
    const { house, code, other } = await enrolledBy('ann')
    if (how === 'members.remove') await house.ask('ada', how, { member: 'ann' })
    else if (how === 'members.update') await house.ask('ada', how, { member: 'ann', role: 'member' })
    else await house.ask('ann', how, {})
    const error = await errorOf(house.visit('workers.join', { code }))
    expect([error.code, error.message]).toEqual(['unauthenticated', 'This enrolment code was revoked.'])
    const { workers } = await house.ask('ada', 'workers.list', {})
    expect(workers.map(({ name, state }) => [name, state])).toEqual([
      ['used', 'enrolled'],
      ['open', 'revoked'],
      ['other', 'expected'],
    ])
    expect((await house.audit()).filter(({ action }) => action === 'worker.revoke')).toMatchObject([
      { objectName: 'open', outcome: 'allowed', details: { reason: expect.any(String) } },
    ])
    await house.visit('workers.join', { code: other })
  },
)

it('an admin who becomes an owner keeps theirs', async () => {
  const { house, code } = await enrolledBy('ann')
  await house.ask('ada', 'members.update', { member: 'ann', role: 'owner' })
  await house.visit('workers.join', { code })
})
