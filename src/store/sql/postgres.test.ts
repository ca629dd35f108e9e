import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { usePostgres } from '../../../test/support/use-postgres.ts'
import { asClavigerError } from '../../domain/errors.ts'
import { bytes, credentialRow, versionRow } from '../conformance/rows.ts'
import { describeStore } from '../conformance/store.conformance.ts'
import { openSqlStore, type SqlStore, type SqlStoreOptions } from './sql-store.ts'

const server = usePostgres()
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(url: string, options: Partial<SqlStoreOptions> = {}): Promise<SqlStore> {
  const opened = await openSqlStore({ url, ...options })
  cleanups.push(() => opened.close())
  return opened
}

describeStore('Postgres', async () => {
  const url = await server.furnishedDatabase('store')
  const { store } = await open(url)
  return {
    store,
    reopen: async () => {
      await store.close()
      return (await open(url)).store
    },
  }
})

/** Two servers on one database. */
async function replicas(): Promise<[SqlStore, SqlStore]> {
  const url = await server.furnishedDatabase('store')
  return [await open(url), await open(url)]
}

describe('two servers on one database', () => {
  it('let exactly one of a hundred updaters with the same revision win', async () => {
    const both = await replicas()
    const row = credentialRow()
    await both[0].store.credentials.insert(row)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, updater) =>
        both[updater % 2]?.store.credentials.update('org-a', row.id, 1, {
          description: `updater ${updater}`,
        }),
      ),
    )
    expect(answers.filter((won) => won)).toHaveLength(1)
    expect(await both[1].store.credentials.get('org-a', row.id)).toEqual({
      ...row,
      description: `updater ${answers.indexOf(true)}`,
      revision: 2,
    })
  })

  it('lose no update of those who compare and try again', async () => {
    const both = await replicas()
    const row = credentialRow({ position: 0 })
    await both[0].store.credentials.insert(row)
    const add = async ({ store }: SqlStore) => {
      for (;;) {
        const seen = await store.credentials.get('org-a', row.id)
        const { revision = 0, position = 0 } = seen ?? {}
        if (await store.credentials.update('org-a', row.id, revision, { position: (position ?? 0) + 1 }))
          return
      }
    }
    await Promise.all(Array.from({ length: 40 }, (_, place) => add(both[place % 2 === 0 ? 0 : 1])))
    expect(await both[0].store.credentials.get('org-a', row.id)).toMatchObject({ position: 40, revision: 41 })
  })

  it('both get done what they do in opposite order', async () => {
    const both = await replicas()
    const [one, other] = [credentialRow(), credentialRow()]
    for (const row of [one, other]) await both[0].store.credentials.insert(row)
    let runs = 0
    const touch = (
      { store }: SqlStore,
      order: readonly { readonly id: string }[],
      by: string,
      inBetween: () => Promise<void>,
    ) =>
      store.atomically(async (unit) => {
        runs += 1
        for (const { id } of order) {
          // Whoever holds this setting is alone with the credential: nothing lies between reading and changing it.
          await unit.settings.put('org-a', id, 'touched', `${by} ${runs}`)
          const { revision = 0 } = (await unit.credentials.get('org-a', id)) ?? {}
          await unit.credentials.update('org-a', id, revision, { description: by })
          await inBetween()
        }
        return by
      })
    // Each waits until the other has changed its first row: a deadlock, which Postgres ends by taking one back.
    const met = Promise.withResolvers<void>()
    let arrived = 0
    const meet = async () => {
      arrived += 1
      if (arrived === 2) met.resolve()
      await met.promise
    }
    const neighbours = both.map(({ store }, place) => store.installation.put(`neighbour-${place}`, 'stored'))
    const answers = await Promise.all([
      touch(both[0], [one, other], 'first', meet),
      touch(both[1], [other, one], 'second', meet),
      ...neighbours,
    ])
    expect(answers.slice(0, 2)).toEqual(['first', 'second'])
    expect(runs).toBeGreaterThan(2)
    for (const { id } of [one, other]) {
      expect(await both[0].store.credentials.get('org-a', id)).toMatchObject({ revision: 3 })
    }
    expect(await both[1].store.installation.get('neighbour-0')).toBe('stored')
  })

  it('get done whatever order many of them have', async () => {
    const both = await replicas()
    const rows = Array.from({ length: 10 }, () => credentialRow())
    for (const row of rows) await both[0].store.credentials.insert(row)
    const touch = ({ store }: SqlStore, order: typeof rows, by: string) =>
      store.atomically(async (unit) => {
        for (const { id } of order) await unit.settings.put('org-a', id, 'touched', by)
        await unit.installation.put(by, 'done')
      })
    const names = Array.from({ length: 60 }, (_, place) => `unit-${place}`)
    await Promise.all(
      names.map((by, place) =>
        place % 2 === 0 ? touch(both[0], rows, by) : touch(both[1], rows.toReversed(), by),
      ),
    )
    for (const by of names) expect(await both[0].store.installation.get(by)).toBe('done')
  })

  it('do not both get a name', async () => {
    const both = await replicas()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, place) =>
        both[place % 2 === 0 ? 0 : 1].store.credentials.insert(credentialRow({ name: 'main' })),
      ),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(19)
    for (const { reason } of refused) {
      expect(reason).toMatchObject({
        code: 'conflict',
        message: 'team:platform already has a credential named main.',
      })
    }
  })
})

describe('opening', () => {
  it('is safe for four servers at once on an empty database, each migration run once', async () => {
    const url = await server.createDatabase()
    let runs = 0
    const extraMigrations: SqlStoreOptions['extraMigrations'] = {
      'others-0001': {
        up: async (database) => {
          runs += 1
          await database.schema.createTable('others').addColumn('id', 'text').execute()
        },
      },
    }
    const opened = await Promise.all(Array.from({ length: 4 }, () => open(url, { extraMigrations })))
    expect(runs).toBe(1)
    await opened[0]?.store.installation.put('a', 'b')
    expect(await opened[3]?.store.installation.get('a')).toBe('b')
  })

  it('is refused with words when tables of others are in the way', async () => {
    const url = await server.createDatabase()
    await server.query('create table lease (id text)', new URL(url).pathname.slice(1))
    await expect(openSqlStore({ url })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/ has tables that are not as Claviger makes them\.$/),
    })
  })

  it('keeps to the schema of the search path, whatever is in others', async () => {
    const url = await server.furnishedDatabase('store')
    const name = new URL(url).pathname.slice(1)
    await server.query('create schema second', name)
    const { store } = await open(`${url}?options=-csearch_path%3Dsecond`)
    await store.installation.put('a', 'in the second')
    expect(await (await open(url)).store.installation.get('a')).toBeUndefined()
    expect(await server.query('select value from second.installation', name)).toEqual([
      { value: 'in the second' },
    ])
  })

  it('keeps the order of bytes in a database of another language', async () => {
    const url = await server.createDatabase(
      "template template0 locale_provider icu icu_locale 'en-US' locale 'C'",
    )
    const { store } = await open(url)
    const ids = ['B', 'a-1', 'a1', 'aB', 'a_1', 'ab']
    for (const id of ids.toReversed()) await store.credentials.insert(credentialRow({ id }))
    const listed = await store.credentials.list('org-a', {}, { limit: 10 })
    expect(listed.map((row) => row.id)).toEqual(ids)
    const after = await store.credentials.list('org-a', {}, { after: 'a1', limit: 10 })
    expect(after.map((row) => row.id)).toEqual(['aB', 'a_1', 'ab'])
  })

  it('makes Postgres wait for the disk even where it is told not to', async () => {
    const url = await server.createDatabase()
    const name = new URL(url).pathname.slice(1)
    await server.query(`alter database ${name} set synchronous_commit = off`)
    const { database } = await open(url)
    const { rows } = await database.executeQuery<{ synchronous_commit: string }>({
      ...database.selectFrom('installation').select('name').compile(),
      sql: 'show synchronous_commit',
    })
    expect(rows).toEqual([{ synchronous_commit: 'on' }])
  })
})

describe('values', () => {
  it('of bytes are our own and plain', async () => {
    const [{ store }] = await replicas()
    const row = credentialRow()
    await store.credentials.insert(row)
    await store.versions.insert(versionRow(row.id, { values: { key: bytes(1, 2, 3), none: bytes() } }))
    const { key, none } = await store.versions.values(row.id, 1)
    expect(key?.constructor).toBe(Uint8Array)
    expect(key?.buffer.byteLength).toBe(3)
    expect(none).toEqual(bytes())
  })

  it('with a NUL character are refused with one sentence', async () => {
    const [{ store }] = await replicas()
    await expect(store.installation.put('a', 'b\0c')).rejects.toMatchObject({
      code: 'invalid',
      message: 'A text with a NUL character cannot be stored.',
    })
  })

  it('that Postgres quotes in its errors do not reach ours', async () => {
    const [{ store, database }] = await replicas()
    const row = credentialRow({ name: 'main', suffix: 'canary-of-a-row' })
    await store.credentials.insert(row)
    const again = await store.credentials.insert(row).catch((error: unknown) => error)
    const wrongType = await database
      .selectFrom('credential')
      .select('id')
      .where('revision', '=', 'canary-of-a-row' as never)
      .execute()
      .catch((error: unknown) => error)
    for (const error of [again, wrongType]) {
      expect(error).toBeInstanceOf(Error)
      expect(allTextOf(error)).not.toContain('canary-of-a-row')
    }
    expect(asClavigerError(wrongType)).toMatchObject({
      code: 'internal',
      detail: expect.stringContaining('22P02'),
    })
  })
})

describe('a server that cannot be used is refused with its name and what to type', () => {
  const refusal = async (url: string) => {
    const error = await openSqlStore({ url }).then(
      () => new Error('opened'),
      (thrown: unknown) => thrown,
    )
    // Whatever is said, shown or logged about it.
    for (const part of [server.password, encodeURIComponent(server.password), 'wrong-password-1']) {
      expect(allTextOf(error)).not.toContain(part)
    }
    return asClavigerError(error)
  }
  const place = () => new URL(server.urlOf('x')).host

  it('wrong password', async () => {
    expect(await refusal(server.urlOf('postgres', 'claviger', 'wrong-password-1'))).toMatchObject({
      code: 'unavailable',
      message: `The Postgres database ${place()}/postgres refuses the user or the password.`,
      hint: expect.stringContaining('CLAVIGER_DATABASE_URL'),
    })
  })

  it('unknown user, and no password at all', async () => {
    expect(await refusal(server.urlOf('postgres', 'nobody-1'))).toMatchObject({
      message: `The Postgres database ${place()}/postgres refuses the user or the password.`,
    })
    expect(await refusal(`postgres://claviger@${place()}/postgres`)).toMatchObject({
      code: 'unavailable',
      message: `The Postgres database ${place()}/postgres wants a password.`,
      hint: expect.stringContaining('PGPASSWORD'),
    })
  })

  it('unknown database', async () => {
    expect(await refusal(server.urlOf('absent'))).toMatchObject({
      code: 'unavailable',
      message: `The Postgres database ${place()}/absent does not exist.`,
      hint: 'Create it: createdb absent',
    })
  })

  it('nobody there', async () => {
    expect(await refusal('postgres://claviger:wrong-password-1@127.0.0.1:1/empty')).toMatchObject({
      code: 'unavailable',
      message: 'The Postgres database 127.0.0.1:1/empty cannot be reached.',
      hint: expect.stringContaining('Check that Postgres is running'),
    })
    expect(await refusal('postgres://claviger:wrong-password-1@/empty?host=/nowhere')).toMatchObject({
      message: 'The Postgres database /nowhere:5432/empty cannot be reached.',
    })
  })

  it('read-only', async () => {
    const url = await server.furnishedDatabase('store')
    const name = new URL(url).pathname.slice(1)
    await server.query(`alter database ${name} set default_transaction_read_only = on`)
    expect(await refusal(url)).toMatchObject({
      code: 'unavailable',
      message: `The Postgres database ${place()}/${name} is read-only.`,
      hint: expect.stringContaining('primary'),
    })
  })

  it('a schema that is not there, and one that is not ours', async () => {
    const url = await server.createDatabase()
    const name = new URL(url).pathname.slice(1)
    expect(await refusal(`${url}?options=-csearch_path%3Dabsent`)).toMatchObject({
      code: 'unavailable',
      message: `The Postgres database ${place()}/${name} has no schema of the search path absent.`,
      hint: expect.stringContaining('create schema'),
    })
    await server.query("create role guest login password 'wrong-password-1'")
    await server.query('create schema closed; revoke create on schema public from public', name)
    expect(await refusal(server.urlOf(name, 'guest', 'wrong-password-1'))).toMatchObject({
      code: 'unavailable',
      message: `The Postgres database ${place()}/${name} does not let this user write.`,
      hint: expect.stringContaining('grant'),
    })
  })

  it('an encoding that cannot keep every text', async () => {
    const url = await server.createDatabase("template template0 encoding 'LATIN1' locale 'C'")
    expect(await refusal(url)).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/ is encoded in LATIN1\.$/),
      hint: expect.stringContaining('UTF8'),
    })
  })

  it('a URL that is none, or could be misread', async () => {
    for (const url of [
      'postgres://',
      'postgres://claviger:wrong-password-1@/',
      'postgres:claviger:wrong-password-1@localhost/empty',
      'postgres://claviger:wrong-password-1@localhost',
      'postgres://claviger:wrong-password-1/@localhost/empty',
      'postgres://claviger:12#wrong-password-1@localhost/empty',
      'postgres://claviger:12/wrong-password-1@localhost/empty',
      'postgres://claviger:12?wrong-password-1@localhost/empty',
      'postgres://claviger:%zz@localhost/%zz',
    ]) {
      expect(await refusal(url), url).toMatchObject({ code: 'invalid', hint: expect.stringContaining('%40') })
    }
  })
})

// Everything an error would show in any log.
function allTextOf(error: unknown): string {
  return [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), String(error)].join('\n')
}
