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

async function start(house: House, file: TokenFile, place: string | null = null): Promise<void> {
  await ensureAdminToken(house.ports, await house.ports.identity.bootstrap(), file, place)
}

/** Names of the tokens that are good. */
async function live({ ports: { store } }: House): Promise<string[]> {
  const rows = await store.tokens.list('org-acme')
  return rows.flatMap(({ name, revokedAt }) => (revokedAt === null ? name : [])).sort()
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

describe('the state directories of several servers', () => {
  it('each have a token of their own, and the first one’s is admin', async () => {
    const house = createHouse()
    const files = [fileInMemory(), fileInMemory(), fileInMemory()]
    for (const [place, file] of files.entries()) await start(house, file, `place-${place}`)
    expect(await live(house)).toEqual(['admin', 'admin-place-1', 'admin-place-2'])
    const authenticate = createAuthenticator(house.ports)
    for (const { text } of files) expect(await authenticate(text ?? '', 'r')).toMatchObject({ role: 'owner' })
    // A later start finds what it has left.
    const texts = files.map(({ text }) => text)
    for (const [place, file] of files.entries()) await start(house, file, `place-${place}`)
    expect(files.map(({ text }) => text)).toEqual(texts)
  })

  it('get a new one without disturbing the others, when the file is gone', async () => {
    const house = createHouse()
    const [first, second] = [fileInMemory(), fileInMemory()]
    await start(house, first, 'one')
    await start(house, second, 'two')
    const authenticate = createAuthenticator(house.ports)
    for (const [file, other, place] of [
      [first, second, 'one'],
      [second, first, 'two'],
    ] as const) {
      const [old, kept] = [file.text ?? '', other.text ?? '']
      file.text = null
      await start(house, file, place)
      expect((await errorOf(authenticate(old, 'r'))).message).toContain('was revoked')
      expect(await authenticate(file.text ?? '', 'r')).toMatchObject({ role: 'owner' })
      expect(await authenticate(kept, 'r')).toMatchObject({ role: 'owner' })
    }
    expect(await live(house)).toEqual(['admin', 'admin-two'])
  })

  it('do not take away the token that came with a database of one server', async () => {
    const house = createHouse()
    const [alone, another] = [fileInMemory(), fileInMemory()]
    await start(house, alone)
    await start(house, another, 'two')
    await start(house, alone, 'one')
    expect(await live(house)).toEqual(['admin', 'admin-two'])
    const authenticate = createAuthenticator(house.ports)
    expect(await authenticate(alone.text ?? '', 'r')).toMatchObject({ role: 'owner' })
  })

  it('started together, in any number, all hold a token that is good', async () => {
    const house = createHouse()
    const files = Array.from({ length: 8 }, fileInMemory)
    await Promise.all(files.map((file, place) => start(house, file, `place-${place}`)))
    const authenticate = createAuthenticator(house.ports)
    for (const { text } of files) expect(await authenticate(text ?? '', 'r')).toMatchObject({ role: 'owner' })
    expect((await live(house)).filter((name) => name === 'admin')).toHaveLength(1)
    expect(await live(house)).toHaveLength(8)
  })

  it('tell the other servers that a token fell', async () => {
    const house = createHouse()
    const heard: unknown[] = []
    const file = fileInMemory()
    await start(house, file, 'one')
    const [row] = await house.ports.store.tokens.list('org-acme')
    house.ports.store.signals.listen((signal) => heard.push(signal))
    file.text = null
    await start(house, file, 'one')
    expect(heard).toEqual([{ topic: 'holders', subject: row?.id }])
  })
})
