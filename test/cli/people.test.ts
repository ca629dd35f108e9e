// A second member, on the command line: what an admin is told of their credentials, and what their removal ends.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatToken } from '../../src/domain/token.ts'
import { sha256 } from '../../src/lib/digest.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

let workshop: Workshop

beforeEach(async () => {
  workshop = await createWorkshop()
  await workshop.startServer()
})

afterEach(() => workshop.dispose())

// As if Bob had been invited. Returns a way to be him.
async function addBob(): Promise<(command: string) => ReturnType<Workshop['run']>> {
  await workshop.stopServer()
  const database = new DatabaseSync(join(workshop.stateDirectory, 'claviger.db'))
  const organization = String(database.prepare('select id from organization').get()?.['id'])
  const now = new Date().toISOString()
  const insert = (table: string, row: Record<string, string | number | null>) => {
    const columns = Object.keys(row)
    const [names, marks] = [columns.map((name) => `"${name}"`).join(), columns.map(() => '?').join()]
    database.prepare(`insert into ${table} (${names}) values (${marks})`).run(...Object.values(row))
  }
  const email = 'bob@example.test'
  insert('person', { id: 'bob', email, name: 'Bob', emailVerified: 0, createdAt: now, updatedAt: now })
  insert('member', {
    id: 'm-bob',
    organizationId: organization,
    userId: 'bob',
    role: 'member',
    createdAt: now,
  })
  const token = formatToken(new Uint8Array(48).fill(7))
  insert('token', {
    ...{ id: 'tok_bob', organization_id: organization, name: 'bobs', digest: sha256(token), role: 'member' },
    ...{ holder_kind: 'person', holder_id: 'bob', created_at: 0, created_by: 'bob@example.test' },
  })
  database.close()
  await workshop.startServer()
  return (command) => workshop.run(`CLAVIGER_TOKEN=${token} ${command}`)
}

test('a member’s credentials are known to exist, and end with the membership', async () => {
  const asBob = await addBob()
  expect(
    (await asBob('sh -c \'printf %s "$ANT_KEY" | claviger credential create claude api-key main\'')).exitCode,
  ).toBe(0)
  expect(
    (await asBob('sh -c \'printf %s "$OAI_KEY" | claviger credential create codex api-key second\''))
      .exitCode,
  ).toBe(0)

  const list = await workshop.run('claviger credential list')
  expect(list.stderr).toContain('and 2 personal credentials of bob@example.test\n')
  expect(list.stdout + list.stderr).not.toMatch(/main|second|claude|codex/)
  expect((await asBob('claviger credential list')).stderr).toBe('')

  const refused = await workshop.run('claviger admin members remove bob@example.test')
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' })
  expect(refused.stderr).toContain('This ends 1 token of bob@example.test.\n')
  expect(refused.stderr).toContain('This ends 2 personal credentials of bob@example.test.\n')
  expect(refused.stderr).toContain('use --force')
  expect((await asBob('claviger whoami')).exitCode).toBe(0)

  const removed = await workshop.run('claviger admin members remove --force BOB@example.test')
  expect(removed).toMatchObject({
    exitCode: 0,
    stdout:
      'Removed bob@example.test.\nRevoked 1 token, ended no running leases, deleted 2 personal credentials.\n',
  })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(await asBob('claviger whoami')).toMatchObject({ exitCode: 3, stdout: '' })
  expect((await workshop.run('claviger credential list')).stderr).not.toContain('bob')
  expect((await workshop.run('claviger admin members list')).stdout).not.toContain('bob')
})

test('a member leaves by themselves, and nobody else by them', async () => {
  const asBob = await addBob()
  expect(await asBob('claviger admin members remove --force owner@claviger.local')).toMatchObject({
    exitCode: 4,
  })
  const told = await asBob('claviger admin members remove bob@example.test')
  expect(told.stderr).toContain('This ends 1 token of bob@example.test.\n')
  const left = await asBob('claviger admin members remove --force Bob@Example.Test --json')
  expect(JSON.parse(left.stdout)).toEqual({
    ...{ id: 'bob', email: 'bob@example.test' },
    ended: { tokens: 1, leases: 0, credentials: 0 },
  })
  expect((await workshop.run('claviger admin members list')).stdout).not.toContain('bob')
})
