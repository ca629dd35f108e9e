import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { usePostgres } from '../../../../test/support/use-postgres.ts'
import { credentialRow, grantRow } from '../../conformance/rows.ts'
import { openSqlStore } from '../sql-store.ts'
import { setAside } from './set-aside.ts'

const postgres = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const places = {
  sqlite: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'claviger-set-aside-'))
    cleanups.push(() => rmSync(directory, { recursive: true }))
    return `sqlite:${join(directory, 'claviger.db')}`
  },
  postgres: () => postgres.createDatabase(),
}

it.each(['sqlite', 'postgres'] as const)(
  'logins that may have moved on are to be verified, others are what they were: %s',
  async (engine) => {
    const { store, database, close } = await openSqlStore({ url: await places[engine]() })
    cleanups.push(close)
    const attempt = { id: 'attempt-1', generation: 1, purpose: 'renew', replica: 'a', startedAt: 5 } as const
    const login = async (change: object) => {
      const row = credentialRow({ type: 'codex/oauth', harness: 'codex' })
      await store.credentials.insert(row)
      const { grant, ...place } = grantRow(row.id)
      const ends = { renewable: true, expiresAt: 9_000, attempt: null, refusal: null, ...change }
      await store.grants.insert({ ...place, dueAt: 8_000, grant: { ...grant, ...ends } })
      return row.id
    }
    const { generation } = grantRow('x').grant
    const [busy, fixed, over] = [
      await login({ attempt: { ...attempt, generation } }),
      await login({ renewable: false }),
      await login({ refusal: { generation, reason: 'revoked', at: 1 } }),
    ]
    const withoutGrant = credentialRow({ type: 'codex/oauth', harness: 'codex' })
    await store.credentials.insert(withoutGrant)

    expect(await setAside(database, ['codex/oauth'], 'restored', 10_000)).toBe(2)

    expect(await store.grants.get(busy)).toMatchObject({
      dueAt: 0,
      grant: { attempt: null, unverified: true },
    })
    expect(await store.grants.get(fixed)).toMatchObject({ dueAt: 8_000, grant: { unverified: false } })
    const stateOf = async (id: string) => (await store.credentials.get('org-a', id))?.state
    expect(await stateOf(busy)).toBe('quarantined')
    expect(await stateOf(withoutGrant.id)).toBe('quarantined')
    expect(await stateOf(fixed)).toBe('needs_login')
    expect(await stateOf(over)).toBe('needs_login')
  },
)
