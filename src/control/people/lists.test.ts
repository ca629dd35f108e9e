import { describe, expect, it } from 'vitest'
import { createHouse } from '../../../test/support/house.ts'

describe('lists of people', () => {
  it('come page by page, or whole', async () => {
    const house = createHouse()
    const whole = await house.ask('ada', 'members.list', {})
    expect(whole).toMatchObject({ next: null, total: 5 })
    const emails: string[] = []
    for (let after: string | undefined, pages = 0; pages < 9; pages += 1) {
      const page = await house.ask('aud', 'members.list', { limit: 2, ...(after && { after }) })
      emails.push(...page.members.map(({ email }) => email))
      if (page.next === null) break
      after = page.next
    }
    expect(emails).toEqual(whole.members.map(({ email }) => email))
    expect(await house.ask('ada', 'members.list', { search: 'BOB@' })).toMatchObject({
      ...{ members: [{ id: 'bob' }], total: 1, next: null },
    })
  })

  it('and of teams', async () => {
    const house = createHouse()
    const first = await house.ask('ada', 'teams.list', { limit: 1 })
    expect(first).toMatchObject({ teams: [{ team: 'mobile' }], next: 'mobile', total: 2 })
    const second = await house.ask('ada', 'teams.list', { limit: 1, after: 'mobile' })
    expect(second).toMatchObject({ teams: [{ team: 'platform' }], next: null })
  })
})
