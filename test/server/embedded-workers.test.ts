// Workers inside of several servers on one Postgres: each has one of its own, keeps it over restarts, and is off when
// somebody comes, whichever server lets them in.

import { afterEach, expect, it, vi } from 'vitest'
import { startPostgres } from '../support/postgres.ts'
import { createReplicas } from '../support/replicas.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

it('have names of their own, and are all off at once', async () => {
  const postgres = await startPostgres()
  cleanups.push(() => postgres.close())
  const replicas = createReplicas(await postgres.createDatabase())
  cleanups.push(() => replicas.close())
  // Any program there is: it is never run here.
  const changed = { embeddedWorker: 'yes', codexBin: process.execPath }
  const one = await replicas.start(changed)
  const workers = async () => {
    const listed = await one.client().call('workers.list', {})
    return listed.workers.map(({ id, name, state }) => ({ id, name, state }))
  }
  await vi.waitFor(async () => expect(await workers()).toHaveLength(1), 10_000)
  const two = await replicas.start(changed)
  await vi.waitFor(async () => expect(await workers()).toHaveLength(2), 10_000)
  const both = await workers()
  expect(both.map(({ name }) => name)).toEqual(['embedded', expect.stringMatching(/^embedded-[0-9a-f]{8}$/)])
  await two.process.stop()
  const again = await two.restart()
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  expect(await workers()).toEqual(both)

  await again.client().call('organizations.create', { name: 'Other', owner: 'bob@example.test' })
  for (const { process: server } of [one, again])
    await vi.waitUntil(() => server.logs().includes('there is a second person'), 6_000)
}, 90_000)
