import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { prove as firstStart } from './first-start.ts'
import { prove as killMigrate } from './kill-migrate.ts'
import { prove as killServer, proveWithAccident } from './kill-server.ts'
import { LIMIT_MS, linesOf, options, testProofs } from './proving.ts'
import { prove as rekey } from './rekey.ts'
import { prove as twoServers } from './two-servers.ts'

testProofs([
  ['kill -9 of the server under a stream of writes', killServer, 2],
  ['kill -9 of a first start', firstStart, 2],
  ['kill -9 during re-keying', rekey, 1],
  ['kill -9 of a move between databases', killMigrate, 1],
  ['two servers on one database', twoServers, 1],
])

// A proof that cannot fail shows nothing: something is really lost while the server is down.
const accidents: [string, string, RegExp][] = [
  [
    'a credential',
    'delete from credential where id = (select min(id) from credential)',
    /^lost: credential /,
  ],
  [
    'a version',
    'delete from credential_version where (credential_id, version) in (select id, version from credential)',
    /^half written: the versions/m,
  ],
  [
    'an audit row',
    "delete from audit where id = (select min(id) from audit where action = 'credential.create')",
    /^lost: .* was acknowledged; its audit rows/m,
  ],
  ['a token', 'delete from token where name <> ?', /^lost: token /m],
]

test.each(accidents)('the loss of %s is noticed', { timeout: LIMIT_MS }, async (_, sql, expected) => {
  const result = await proveWithAccident(options(1), (stateDirectory) => {
    if (damage(stateDirectory, sql) === 0) throw new Error('The accident did not happen.')
  })
  expect(linesOf(result)).toMatch(expected)
})

/** Returns how many rows are gone. */
function damage(stateDirectory: string, sql: string): number {
  const database = new DatabaseSync(join(stateDirectory, 'claviger.db'))
  database.exec('pragma foreign_keys = on')
  const { changes } = database.prepare(sql).run(...(sql.includes('?') ? ['admin'] : []))
  database.close()
  rmSync(join(stateDirectory, 'claviger.db-shm'), { force: true })
  return Number(changes)
}
