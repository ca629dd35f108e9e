import { describe, expect, it } from 'vitest'
import { createHouse, errorOf, type House } from '../../test/support/house.ts'
import type { Secret } from '../domain/secret.ts'
import { sha256 } from '../lib/digest.ts'
import { ensureAdminToken, type TokenFile } from './admin-token.ts'
import { createAuthenticator } from './authenticate.ts'

// A file in memory: `text` is what lies in it.
function fileInMemory(): TokenFile & { text: string | null } {
  return {
    text: null,
    async digest() {
      return this.text === null ? null : sha256(this.text)
    },
    async write(token: Secret) {
      this.text = token.expose()
    },
  }
}

async function start(house: House, file: TokenFile): Promise<void> {
  await ensureAdminToken(house.ports, await house.ports.identity.bootstrap(), file)
}

describe('ensureAdminToken', () => {
  it('makes a token of the first owner, once, and records it', async () => {
    const house = createHouse()
    const file = fileInMemory()
    await start(house, file)
    const first = file.text
    await start(house, file)
    expect(file.text).toBe(first)
    const caller = await createAuthenticator(house.ports)(first ?? '', 'r')
    expect(caller).toMatchObject({ id: 'ada', role: 'owner' })
    const rows = await house.audit()
    expect(rows.map(({ action, actorName }) => [action, actorName])).toEqual([
      ['token.create', 'claviger serve'],
    ])
    expect(JSON.stringify(rows)).not.toContain(first)
  })

  it('completes a start that was cut short between the file and the row', async () => {
    const house = createHouse()
    const file = fileInMemory()
    house.auditFails('allowed')
    await errorOf(start(house, file))
    const written = file.text ?? ''
    expect((await errorOf(createAuthenticator(house.ports)(written, 'r'))).message).toContain('unknown')
    house.auditFails('none')
    await start(house, file)
    expect(file.text).toBe(written)
    expect(await createAuthenticator(house.ports)(written, 'r')).toMatchObject({ role: 'owner' })
  })

  it('makes a new one when the file is gone, and revokes the old', async () => {
    const house = createHouse()
    const file = fileInMemory()
    await start(house, file)
    const old = file.text ?? ''
    file.text = null
    await start(house, file)
    const authenticate = createAuthenticator(house.ports)
    expect((await errorOf(authenticate(old, 'r'))).message).toContain('was revoked')
    expect(await authenticate(file.text ?? '', 'r')).toMatchObject({ role: 'owner' })
  })

  it('leaves a token that somebody revoked revoked', async () => {
    const house = createHouse()
    const file = fileInMemory()
    await start(house, file)
    await house.ask('ada', 'tokens.revoke', { name: 'admin' })
    await start(house, file)
    const refused = await errorOf(createAuthenticator(house.ports)(file.text ?? '', 'r'))
    expect(refused.message).toContain('was revoked')
  })
})
