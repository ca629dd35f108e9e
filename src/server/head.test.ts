// Whoever only looks at an address of the API has nothing done for it: to read is to be recorded there, and a lease may be made.

import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../test/support/app.ts'
import { createHouse, fakeKey } from '../../test/support/house.ts'
import { houseWithLogin } from '../../test/support/house-with-login.ts'
import { OPERATIONS } from '../api/operations.ts'

const KEY = { type: 'claude/api-key', owner: 'me', name: 'main', fields: { key: fakeKey('main') } }

describe('HEAD', () => {
  const READS = Object.values(OPERATIONS).filter(({ method }) => method === 'GET')

  it.each(READS)('of $path is refused, and nothing is done for it', async ({ path }) => {
    const house = createHouse()
    const { send, lines } = createTestApp(house)
    await send('bob', 'POST', '/api/v1/credentials', KEY)
    const before = await house.audit()
    const response = await send('ada', 'HEAD', path.replace(/\{\w+\}/g, 'x'))
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
    expect([await response.text(), house.opened(), await house.audit()]).toEqual(['', 0, before])
    expect(lines.at(-1)).toContain('"status":405')
  })

  it('of what Agent Swarm reads makes no lease', async () => {
    const { house } = await houseWithLogin()
    const { send } = createTestApp(house)
    const path = '/api/config/resolved?includeSecrets=true&key=codex_oauth'
    expect((await send('bob', 'HEAD', path)).status).toBe(405)
    const leases = async () => (await house.audit()).filter(({ action }) => action === 'lease.create')
    expect([await leases(), house.opened()]).toEqual([[], 0])
    expect((await send('bob', 'GET', path)).status).toBe(200)
    expect(await leases()).toHaveLength(1)
  })
})
