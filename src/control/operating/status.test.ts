import { describe, expect, it } from 'vitest'
import { createHouse, errorOf } from '../../../test/support/house.ts'
import { SCHEMAS } from '../../api/schemas.ts'
import { createControl } from '../control.ts'
import { tokenRow } from '../tokens.ts'
import { mustBeReady } from './readiness.ts'

describe('status.get', () => {
  it('tells the owner of the organization that operates the installation how it is', async () => {
    const house = createHouse()
    await house.give('bob', 'me', 'main')
    await house.ask('bob', 'leases.create', { harness: 'claude' })
    const status = SCHEMAS['status.get'].output.strict().parse(await house.ask('ada', 'status.get', {}))
    expect(status).toMatchObject({
      version: '1.2.3',
      server: 'test:1',
      database: { kind: 'memory' },
      clockOffsetSeconds: 0,
      masterKeyId: house.ports.vault.keyId,
      counts: { credentials: { ok: 1 }, runningLeases: 1, liveTokens: 0 },
      warnings: [],
    })
    expect(JSON.stringify(status)).not.toContain('main')
  })

  it.each(['ann', 'bob', 'aud', 'eve'] as const)('does not tell %s', async (who) => {
    const error = await errorOf(createHouse().ask(who, 'status.get', {}))
    expect([error.code, error.message]).toEqual([
      'forbidden',
      expect.stringContaining('operate this installation'),
    ])
  })

  it('warns of a clock that is off, either way, and not of a small difference', async () => {
    const house = createHouse()
    const warned = async (offset: number) => {
      const server = { ...house.ports.server, clockOffset: () => offset }
      const control = createControl({ ...house.ports, server })
      return (await control['status.get'](house.caller('ada'), {})).warnings
    }
    expect(await warned(2_000)).toEqual([])
    expect(await warned(3_600_000)).toEqual([
      {
        code: 'clock',
        message: "The clock of this machine is 3600.0 s behind the database's.",
        hint: expect.stringContaining('NTP'),
      },
    ])
    expect((await warned(-2_100))[0]?.message).toContain('2.1 s ahead of')
  })

  it('warns of tokens that servers which came and went have left', async () => {
    const house = createHouse()
    for (let place = 0; place < 9; place += 1) {
      const [name, digest] = [`admin-0000000${place}`, `digest-${place}`]
      const made = { name, role: 'owner' as const, digest, createdAt: 0, expiresAt: null }
      await house.ports.store.tokens.insert(tokenRow(house.caller('ada'), made))
    }
    const { warnings } = await house.ask('ada', 'status.get', {})
    expect(warnings).toMatchObject([
      { code: 'first-tokens', message: expect.stringMatching(/^9 state directories/) },
    ])
    await house.ask('ada', 'tokens.revoke', { name: 'admin-00000000' })
    expect((await house.ask('ada', 'status.get', {})).warnings).toEqual([])
  })
})

describe('a server is ready', () => {
  it('when its store answers and is sealed with its key', async () => {
    const { ports } = createHouse()
    await ports.store.installation.put('master-key-id', ports.vault.keyId)
    await expect(mustBeReady(ports)).resolves.toBeUndefined()
    await ports.store.installation.put('master-key-id', 'another')
    const error = await errorOf(mustBeReady(ports))
    expect([error.code, error.message]).toEqual(['unavailable', expect.stringContaining('master key')])
    expect(error.hint).toBeTruthy()
    await ports.store.close()
    expect((await errorOf(mustBeReady(ports))).code).toBe('unavailable')
  })

  it('or says within three seconds that its store says nothing', async () => {
    const { ports } = createHouse()
    const store = { ...ports.store, check: () => new Promise<never>(() => undefined) }
    const from = performance.now()
    expect((await errorOf(mustBeReady({ ...ports, store }))).code).toBe('unavailable')
    expect(performance.now() - from).toBeLessThan(3_100)
  })
})
