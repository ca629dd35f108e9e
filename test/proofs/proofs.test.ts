// Every proof, a few rounds each with a fixed seed; the counts that mean something are those of `npm run prove`.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { ALTERATIONS } from './audit/alterations.ts'
import { proveAlterations, proveLength } from './audit-chain.ts'
import { prove as firstStart } from './first-start.ts'
import { prove as grantClocks } from './grants/clocks.ts'
import { prove as grantKill } from './grants/kill.ts'
import { prove as grantPauses } from './grants/pauses.ts'
import { prove as grantStorm } from './grants/storm.ts'
import { prove as killMigrate } from './kill-migrate.ts'
import { prove as killServer, proveWithAccident } from './kill-server.ts'
import { prove as noPlaintext } from './no-plaintext.ts'
import type { ProofResult, Prove } from './proof.ts'
import { prove as rekey } from './rekey.ts'
import { proveWithAccident as proveReplicasWithAccident, prove as replicas } from './replicas.ts'
import { prove as runsKill } from './runs/kill.ts'
import { proveWith as runsMany } from './runs/many.ts'
import { proveAway as runsServerAway } from './runs/server-away.ts'
import { prove as swappedRows } from './swapped-rows.ts'
import { prove as twoServers } from './two-servers.ts'

const LIMIT_MS = 240_000
const options = (rounds: number) => ({ rounds, seed: 20_260_101, log: () => undefined })

const proofs: [string, Prove, number][] = [
  ['kill -9 of the server under a stream of writes', killServer, 2],
  ['kill -9 of a first start', firstStart, 2],
  ['kill -9 during re-keying', rekey, 1],
  ['kill -9 of a move between databases', killMigrate, 1],
  ['two servers on one database', twoServers, 1],
  ['three servers on one Postgres, restarts and kills', replicas, 3],
  ['a thousand callers and one ended login', grantStorm, 1],
  ['kill -9 at each step of a renewal', grantKill, 1],
  ['servers that sleep, and a database that is away, during a renewal', grantPauses, 1],
  ['clocks that are off during a renewal', grantClocks, 1],
  ['kill -9 of program, worker and server in the middle of turns', runsKill, 1],
  ['short runs, three workers and three servers', runsMany(12), 1],
  ['a server that is away under runs', runsServerAway(5_000), 1],
  ['swapped rows', swappedRows, 2],
  ['no plaintext at rest or in output', noPlaintext, 1],
  ['a long audit log', proveLength(2_000), 1],
  ['an altered audit log', proveAlterations, ALTERATIONS.length],
]

test.each(proofs)('%s', { timeout: LIMIT_MS }, async (_, prove, rounds) => {
  const result = await prove(options(rounds))
  expect(result.failures).toEqual([])
  expect(result.rounds).toBe(rounds)
})

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
  const result = await proveWithAccident(options(1), (stateDirectory) => damage(stateDirectory, sql))
  expect(linesOf(result)).toMatch(expected)
})

test.each([
  [
    'a credential',
    "delete from credential where id = (select max(id) from credential where name like 'r1%')",
  ],
  ['an audit row', "delete from audit where id = (select max(id) from audit where action = 'lease.create')"],
  ['a lease', 'delete from lease where id = (select max(id) from lease)'],
])('the loss of %s from Postgres is noticed', { timeout: LIMIT_MS }, async (_, sql) => {
  const result = await proveReplicasWithAccident(options(1), (postgres, database) =>
    postgres.query(sql, database),
  )
  expect(linesOf(result)).toMatch(/^lost: /m)
})

function damage(stateDirectory: string, sql: string): void {
  const database = new DatabaseSync(join(stateDirectory, 'claviger.db'))
  database.exec('pragma foreign_keys = on')
  const { changes } = database.prepare(sql).run(...(sql.includes('?') ? ['admin'] : []))
  database.close()
  rmSync(join(stateDirectory, 'claviger.db-shm'), { force: true })
  if (Number(changes) === 0) throw new Error('The accident did not happen.')
}

function linesOf({ failures }: ProofResult): string {
  return failures.join('\n')
}
