// The store that is kept in files of profiles passes what every store must do with grants, while its calls go by turns to
// two keepers of the same files: each call reads what the other has written. Values are not sealed here, so that the rows of
// the suite, which no vault has made, can be kept.

import { afterEach, beforeEach, describe } from 'vitest'
import { useStateDirectory } from '../../test/support/profile-files.ts'
import { readTokens } from '../../test/support/profile-store.ts'
import { signedIn } from '../domain/grants/grant.ts'
import { Secret } from '../domain/secret.ts'
import { describeGrants } from '../store/conformance/grants.conformance.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { CredentialRow, Store, VersionRow } from '../store/store.ts'
import { createProfileKeeper } from './keeper.ts'
import { placeOf } from './place.ts'
import type { Sealer } from './sealer.ts'

const stateDirectory = useStateDirectory()

const unsealed: Sealer = {
  createKey: () => Buffer.from('a key'),
  rewrapKey: (_, now) => now.wrappedKey,
  seal: (row, values, facts) => ({
    ...{ ...facts, credentialId: row.id },
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, Buffer.from(value.expose())] as const),
    ),
  }),
  open: (_, { values }) =>
    Object.fromEntries(
      Object.entries(values).map(
        ([name, value]) => [name, new Secret(Buffer.from(value).toString())] as const,
      ),
    ),
  grantOf: ({ id: credentialId, organizationId, version }, tokens, before) => ({
    ...{ credentialId, organizationId, revision: (before?.revision ?? 0) + 1, dueAt: null },
    ...{ account: tokens.account.id, digest: tokens.digest },
    grant: signedIn(`login of ${credentialId}`, version, {
      ...{ issuedAt: 0, expiresAt: tokens.expiresAt, endsAt: null, renewable: true },
    }),
  }),
}

function openOne(): Store {
  const store = createMemoryStore(
    createProfileKeeper({
      places: [placeOf(stateDirectory(), 'main')],
      ...{ sealer: unsealed, read: readTokens, now: () => 1, organizationId: 'org-a', owner: 'org' },
    }),
  )
  const insert = (row: CredentialRow) =>
    store.atomically(async (unit) => {
      await unit.credentials.insert(row)
      await unit.versions.insert(loginOf(row))
    })
  return { ...store, credentials: { ...store.credentials, insert } }
}

// No profile is without values.
function loginOf({ id: credentialId, version }: CredentialRow): VersionRow {
  const values = Object.fromEntries(
    ['id', 'access', 'refresh', 'accountId'].map((name) => [name, Buffer.from(`${name}-of-${credentialId}`)]),
  )
  return {
    ...{ credentialId, version, values },
    ...{ createdAt: 1, createdBy: '', note: '', suffix: '', shown: {} },
  }
}

/** One store whose calls go to each of these by turns. */
function byTurns(stores: readonly Store[]): Store {
  let calls = 0
  const turn = (of: readonly object[]): object =>
    new Proxy(of[0] ?? {}, {
      get: (_, name) => {
        const all: unknown[] = of.map((one) => Reflect.get(one, name))
        if (typeof all[0] !== 'function') return turn(all as object[])
        return (...given: unknown[]) => {
          calls += 1
          return (all[calls % all.length] as (...given: unknown[]) => unknown)(...given)
        }
      },
    })
  return turn(stores) as Store
}

describe('store: profiles, by turns', () => {
  let stores: Store[]
  beforeEach(() => {
    stores = [openOne(), openOne()]
  })
  afterEach(async () => {
    for (const store of stores) await store.close()
  })
  describeGrants(() => byTurns(stores))
})
