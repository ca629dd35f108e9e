import { expect, test } from 'vitest'
import { LIMIT_MS, linesOf, options, testProofs } from './proving.ts'
import { proveWithAccident, prove as replicas } from './replicas.ts'

testProofs([['three servers on one Postgres, restarts and kills', replicas, 3]])

// A proof that cannot fail shows nothing: something is really lost.
test.each([
  [
    'a credential',
    "delete from credential where id = (select max(id) from credential where name like 'r1%')",
  ],
  ['an audit row', "delete from audit where id = (select max(id) from audit where action = 'lease.create')"],
  ['a lease', 'delete from lease where id = (select max(id) from lease)'],
])('the loss of %s from Postgres is noticed', { timeout: LIMIT_MS }, async (_, sql) => {
  const result = await proveWithAccident(options(1), (postgres, database) => postgres.query(sql, database))
  expect(linesOf(result)).toMatch(/^lost: /m)
})
