import { describe, expect, it } from 'vitest'
import { createHouse } from '../../../test/support/house.ts'
import { SCHEMAS } from '../../api/schemas.ts'
import { createControl } from '../control.ts'
import { IDENTITY_FACT } from './describing.ts'

describe('server.describe', () => {
  // Where workers reach it is an address of the inside, and no use to a stranger.
  it('says whose installation it is to somebody who has no key', async () => {
    const house = createHouse()
    const said = SCHEMAS['server.describe'].output.strict().parse(await house.visit('server.describe', {}))
    expect(said).toEqual({
      ...{ product: 'claviger', version: '1.2.3', organization: 'Acme' },
      ...{ time: new Date(house.ports.now()).toISOString() },
      publicUrl: 'http://claviger.test',
      fingerprint: expect.stringMatching(/^([0-9a-f]{4}-){7}[0-9a-f]{4}$/),
    })
  })

  it('keeps the fingerprint, whoever is asked first, whatever the addresses are; it does not give away what it is of', async () => {
    const house = createHouse()
    const another = createControl({ ...house.ports, publicUrl: () => 'https://elsewhere.example' })
    const visitor = { requestId: 'request-1' } as never
    const [one, two] = await Promise.all([
      house.visit('server.describe', {}),
      another['server.describe'](visitor, {}),
    ])
    expect(two.fingerprint).toBe(one.fingerprint)
    expect((await house.visit('server.describe', {})).fingerprint).toBe(one.fingerprint)
    const id = (await house.ports.store.installation.get(IDENTITY_FACT)) ?? ''
    expect(Buffer.from(id, 'base64url')).toHaveLength(32)
    expect(JSON.stringify([one, two])).not.toContain(id)
  })

  it('tells installations apart', async () => {
    const asked = [createHouse(), createHouse()].map((house) => house.visit('server.describe', {}))
    const [one, two] = await Promise.all(asked)
    expect(one?.fingerprint).not.toBe(two?.fingerprint)
  })
})
