// A whole server on Postgres: ready, not ready while its database is away, ready again, and no password in its log.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startPostgres } from '../support/postgres.ts'
import { startServerProcess } from '../support/server-process.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

it('a server on Postgres says whether it is ready, and never its password', async () => {
  const postgres = await startPostgres()
  cleanups.push(() => postgres.close())
  const stateDirectory = mkdtempSync(join(tmpdir(), 'claviger-on-postgres-'))
  cleanups.push(() => rmSync(stateDirectory, { recursive: true, force: true }))
  const databaseUrl = await postgres.createDatabase()
  const server = await startServerProcess({ stateDirectory, databaseUrl, port: '0', logLevel: 'debug' })
  cleanups.push(() => server.stop())
  expect(server.said).toMatch(/^url http:/)
  const url = server.said.slice('url '.length)
  const ready = async () => (await fetch(`${url}/readyz`)).status
  const authorization = `Bearer ${readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim()}`
  const list = () => fetch(`${url}/api/v1/credentials`, { headers: { authorization } })

  expect(await ready()).toBe(200)
  expect((await list()).status).toBe(200)
  await postgres.stop('fast')
  expect(await ready()).toBe(503)
  const refused = await list()
  expect(refused.status).toBe(503)
  expect(await refused.text()).toContain('CLAVIGER_DATABASE_URL')
  await postgres.start()
  await expect.poll(ready, { timeout: 10_000 }).toBe(200)
  expect((await list()).status).toBe(200)

  const { host, pathname } = new URL(databaseUrl)
  expect(server.logs()).toContain(`postgres://${host}${pathname}`)
  expect(server.logs()).not.toContain(postgres.password)
  expect(server.logs()).not.toContain(encodeURIComponent(postgres.password))
})
