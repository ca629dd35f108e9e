// What needs more than a script: that all scripts are run, that a restart keeps everything, and that an expired token is
// refused.

import { globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { expectNoValues, SHARES, scripts, useWorkshop } from './scripts.ts'

const workshopOf = useWorkshop()

describe('scripts', () => {
  test('are found', () => {
    expect(scripts.length).toBeGreaterThan(4)
    const shares = globSync('scripts-*.test.ts', { cwd: import.meta.dirname }).sort()
    expect(shares).toEqual(Array.from({ length: SHARES }, (_, place) => `scripts-${place + 1}.test.ts`))
  })
})

test('a restart keeps what is stored, and an expired token is refused', async () => {
  const workshop = workshopOf()
  await workshop.run('printf %s "$ANT_KEY" | claviger secret create claude api-key main')
  await workshop.run('claviger admin tokens create --name short --role member --expires-in 60s > ../token')
  const asToken = 'CLAVIGER_TOKEN=$(cat ../token) claviger whoami'
  expect(await workshop.run(asToken)).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await workshop.stopServer()).toBe(0)

  // A minute passes.
  const database = new DatabaseSync(join(workshop.stateDirectory, 'claviger.db'))
  const changed = database.prepare("update token set expires_at = 1 where name = 'short'").run()
  database.close()
  expect(changed.changes).toBe(1)
  // Whatever else listens where a server would.
  expect(await workshop.run('CLAVIGER_SERVER=http://127.0.0.1:1 claviger whoami')).toMatchObject({
    exitCode: 1,
  })

  await workshop.startServer()
  const expired = await workshop.run(asToken)
  expect(expired).toMatchObject({ exitCode: 3, stdout: '' })
  expect(expired.stderr).toContain('The token short has expired.')
  expect((await workshop.run('claviger secret show main')).stdout).toContain('…aaaa')
  expectNoValues(workshop)
})
