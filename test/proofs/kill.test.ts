import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { prove as firstStart } from './first-start.ts'
import { prove as killMigrate } from './kill-migrate.ts'
import { prove as killServer, proveWithAccident } from './kill-server.ts'
import type { ProofResult } from './proof.ts'
import { LIMIT_MS, linesOf, options, testProofs } from './proving.ts'
import { prove as rekey } from './rekey.ts'
import { prove as twoServers } from './two-servers.ts'

const TRIES = 5

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
  expect(linesOf(await accidentally(sql))).toMatch(expected)
})

// A busy machine may have stored nothing of the kind when it is killed: then once more.
async function accidentally(sql: string): Promise<ProofResult> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    let lost = 0
    const { seed, ...others } = options(1)
    const result = await proveWithAccident({ ...others, seed: seed + tries }, (stateDirectory) => {
      lost = damage(stateDirectory, sql)
    })
    if (lost > 0) return result
  }
  throw new Error('The accident did not happen.')
}

/** Returns how many rows are gone. */
function damage(stateDirectory: string, sql: string): number {
  const database = new DatabaseSync(join(stateDirectory, 'claviger.db'))
  database.exec('pragma foreign_keys = on')
  const { changes } = database.prepare(sql).run(...(sql.includes('?') ? ['admin'] : []))
  database.close()
  rmSync(join(stateDirectory, 'claviger.db-shm'), { force: true })
  return Number(changes)
}
