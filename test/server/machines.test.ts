// Agents and workers against whole servers: two of them on one database, so that what one says holds on the other.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { errorOf } from '../support/house.ts'
import { startPostgres } from '../support/postgres.ts'
import { startServerProcess } from '../support/server-process.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'claviger-machines-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

interface Server {
  readonly stateDirectory: string
  as(token: string | null): Client
}

async function start(settings: { databaseUrl?: string; masterKeyFile?: string } = {}): Promise<Server> {
  const stateDirectory = newDirectory()
  const server = await startServerProcess({ stateDirectory, port: '0', ...settings })
  cleanups.push(() => server.stop())
  expect(server.said).toMatch(/^url http:/)
  const url = server.said.slice('url '.length)
  const as = (token: string | null) =>
    createClient({ server: url, token: token === null ? null : new Secret(token) })
  return { stateDirectory, as }
}

async function replicas() {
  const postgres = await startPostgres()
  cleanups.push(() => postgres.close())
  const databaseUrl = await postgres.createDatabase()
  const masterKeyFile = join(newDirectory(), 'master.key')
  writeFileSync(masterKeyFile, Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 })
  const one = await start({ databaseUrl, masterKeyFile })
  const two = await start({ databaseUrl, masterKeyFile })
  // The one that was started last has made the token of the first person.
  return { one, two, admin: one.as(adminToken(two)) }
}

function adminToken({ stateDirectory }: Server): string {
  return readFileSync(join(stateDirectory, 'admin.token'), 'utf8').trim()
}

// Asks again and again until the token is refused; how many milliseconds that took.
async function millisecondsUntilRefused(client: Client): Promise<number> {
  const from = performance.now()
  for (;;) {
    const asked = performance.now()
    const refused = await client.call('whoami', {}).then(
      () => false,
      () => true,
    )
    if (refused) return asked - from
  }
}

it('machines on two servers: one code makes one worker, and what is revoked on one is refused on the other', async () => {
  const { one, two, admin } = await replicas()
  await admin.call('agents.create', { name: 'nightly' })
  const shared = {
    type: 'claude/api-key',
    owner: 'org',
    name: 'shared',
    fields: { key: 'sk-ant-test-0123456789ab' },
  }
  const { id: credential } = await admin.call('credentials.create', shared as never)

  // Twice, so that the winner is not always the same server for the same reason.
  const tokens: string[] = []
  for (const name of ['build-1', 'build-2']) {
    const { code } = await admin.call('workers.enrol', {
      name,
      ...(name === 'build-2' && { agent: 'nightly' }),
    })
    const machines = Array.from({ length: 8 }, (_, place) => (place % 2 === 0 ? one : two).as(null))
    const joined = await Promise.allSettled(machines.map((machine) => machine.call('workers.join', { code })))
    const won = joined.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.token] : []))
    expect(won).toHaveLength(1)
    for (const outcome of joined) {
      if (outcome.status === 'rejected')
        expect(outcome.reason.message).toBe('This enrolment code was used already.')
    }
    tokens.push(...won)
  }
  const [worker = '', ofAgent = ''] = tokens
  const { token: agent } = await admin.call('agents.token', {
    agent: 'nightly',
    name: 'ci',
    expiresInSeconds: null,
  })
  await admin.call('agents.attach', { agent: 'nightly', credential })

  for (const token of [worker, ofAgent, agent]) {
    const lease = await two.as(token).call('leases.create', { harness: 'claude' })
    expect(lease.credential?.name).toBe('shared')
    expect((await one.as(lease.handle).call('leases.read', { id: lease.id })).credential?.id).toBe(credential)
  }
  await admin.call('workers.revoke', { name: 'build-1' })
  expect(await millisecondsUntilRefused(two.as(worker))).toBeLessThan(1000)
  await admin.call('agents.delete', { agent: 'nightly' })
  const times = await Promise.all([two.as(agent), two.as(ofAgent)].map(millisecondsUntilRefused))
  for (const time of times) expect(time).toBeLessThan(1000)
  expect((await errorOf(two.as(ofAgent).call('whoami', {}))).message).toBe('This worker was revoked.')
})

it('an address that brings one wrong code after the other is told to wait', async () => {
  const server = await start()
  const code = `clv_enrol_${'A'.repeat(49)}`
  const tries = Array.from({ length: 80 }, () => errorOf(server.as(null).call('workers.join', { code })))
  const codes = (await Promise.all(tries)).map((error) => error.code)
  expect(codes).toContain('rate_limited')
  expect(codes.filter((one) => one === 'invalid').length).toBeGreaterThan(10)
  // Whoever is signed in is not counted by address.
  expect((await server.as(adminToken(server)).call('workers.list', {})).workers).toEqual([])
})
