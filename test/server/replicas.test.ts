// Several whole servers on one Postgres behave as one: what one is told the others know, what one forgets the others
// forget, and none is needed by the others.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asClavigerError } from '../../src/domain/errors.ts'
import { errorOf, fakeKey } from '../support/house.ts'
import { startRelay } from '../support/relay.ts'
import { createReplicas, MASTER_KEY, type Replica, type Replicas } from '../support/replicas.ts'
import { usePostgres } from '../support/use-postgres.ts'

const OTHER_KEY = 'fedcba9876543210'.repeat(4)
const HOUR = 3_600_000

const postgres = usePostgres()
let url: string
let replicas: Replicas
const cleanups: (() => unknown)[] = []

beforeEach(async () => {
  url = await postgres.createDatabase()
  replicas = createReplicas(url)
})

afterEach(async () => {
  await replicas.close()
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function three(): Promise<[Replica, Replica, Replica]> {
  const first = await replicas.start()
  const [second, third] = await Promise.all([replicas.start(), replicas.start()])
  return [first, second, third]
}

const key = (name: string) =>
  ({ type: 'claude/api-key', owner: 'org', name, fields: { key: fakeKey(name) } }) as const

async function lease({ client }: Replica, credential: string, token?: string): Promise<string | undefined> {
  const made = await client(token).call('leases.create', { harness: 'claude', credential, raw: false })
  return made.credential?.fields['key']
}

async function newToken({ client }: Replica, name: string): Promise<string> {
  const request = { name, role: 'member' as const, expiresInSeconds: null }
  return (await client().call('tokens.create', request)).token
}

/** Asks again and again until the token is refused; milliseconds since `from`. */
async function refusedAfter({ client }: Replica, token: string, from: number): Promise<number> {
  for (;;) {
    const outcome = await client(token)
      .call('whoami', {})
      .then(
        () => 'taken',
        (thrown: unknown) => asClavigerError(thrown).code,
      )
    if (outcome === 'unauthenticated') return performance.now() - from
    if (performance.now() - from > 10_000) throw new Error(`still ${outcome}`)
    await delay(5)
  }
}

describe('three servers on one database', { timeout: 180_000 }, () => {
  it('hand out what another one keeps, and know what another one changed', async () => {
    const [first, second, third] = await three()
    const { id } = await first.client().call('credentials.create', key('shared'))
    for (const one of [first, second, third]) expect(await lease(one, 'shared')).toBe(fakeKey('shared'))
    const running = await second.client().call('leases.create', { harness: 'claude' })
    const newer = { id, fields: { key: fakeKey('newer') } }
    await third.client().call('credentials.update', newer)
    const read = await first.client(running.handle).call('leases.read', { id: running.id })
    expect(read.credential?.fields).toEqual({ key: fakeKey('newer') })
    const { entries } = await third.client().call('audit.list', {})
    expect(entries.filter(({ action }) => action === 'lease.create')).toHaveLength(4)
    const names = (await first.client().call('tokens.list', {})).tokens.map(({ name }) => name).sort()
    expect(names).toEqual(['admin', expect.stringMatching(/^admin-/), expect.stringMatching(/^admin-/)])
  })

  it('refuse within a second what one of them revoked', async () => {
    const [first, second, third] = await three()
    const times: number[] = []
    for (let round = 0; round < 5; round += 1) {
      const token = await newToken(first, `leaked-${round}`)
      const others = [second, third]
      for (const one of others) await one.client(token).call('whoami', {})
      await first.client().call('tokens.revoke', { name: `leaked-${round}` })
      const from = performance.now()
      times.push(...(await Promise.all(others.map((one) => refusedAfter(one, token, from)))))
    }
    expect(Math.max(...times)).toBeLessThan(1_000)
    // With the signal, it is much less than the memory of a server that hears nothing.
    expect(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(250)
  })

  it('refuse it within a second also where no signal arrives', async () => {
    const relay = await startRelay(Number(new URL(url).port))
    cleanups.push(relay.close)
    const [first, deaf] = [await replicas.start(), await replicas.start({ databaseUrl: relay.through(url) })]
    const times: number[] = []
    for (let round = 0; round < 3; round += 1) {
      relay.freeze('claviger listening')
      const token = await newToken(first, `leaked-${round}`)
      await deaf.client(token).call('whoami', {})
      await first.client().call('tokens.revoke', { name: `leaked-${round}` })
      times.push(await refusedAfter(deaf, token, performance.now()))
      relay.thaw()
    }
    expect(Math.max(...times)).toBeLessThan(1_000)
    // It really heard nothing: it went by its memory.
    expect(Math.max(...times)).toBeGreaterThan(150)
  })

  it('do not notice that one was killed, nor that it is back', async () => {
    const [first, second, third] = await three()
    await first.client().call('credentials.create', key('shared'))
    let going = true
    const answers = { good: 0, bad: [] as string[] }
    const clients = [second, third].map(async (one) => {
      while (going) {
        await lease(one, 'shared').then(
          () => {
            answers.good += 1
          },
          (thrown: unknown) => answers.bad.push(String(thrown)),
        )
      }
    })
    for (let round = 0; round < 2; round += 1) {
      const before = answers.good
      await expect.poll(() => answers.good, { timeout: 10_000 }).toBeGreaterThan(before + 20)
      await (round === 0 ? first.kill() : delay(0))
      const again = answers.good
      await expect.poll(() => answers.good, { timeout: 10_000 }).toBeGreaterThan(again + 20)
    }
    const back = await first.restart()
    expect(back.token).toBe(first.token)
    expect(await lease(back, 'shared')).toBe(fakeKey('shared'))
    going = false
    await Promise.all(clients)
    expect(answers.bad).toEqual([])
  })

  it('tell one time although the clocks of their machines are an hour off', async () => {
    const right = await replicas.start()
    const ahead = await replicas.start({}, HOUR)
    const behind = await replicas.start({}, -HOUR)
    await right.client().call('credentials.create', key('shared'))
    for (const [at, others] of [
      [ahead, [right, behind]],
      [behind, [right, ahead]],
    ] as const) {
      const name = `short-${others.length}-${at.process.pid}`
      const request = { name, role: 'member' as const, expiresInSeconds: 60 }
      const { token, createdAt, expiresAt } = await at.client().call('tokens.create', request)
      expect(Math.abs(Date.parse(createdAt) - Date.now())).toBeLessThan(5_000)
      expect(Date.parse(expiresAt ?? '') - Date.parse(createdAt)).toBe(60_000)
      for (const other of others) {
        expect((await other.client(token).call('whoami', {})).role).toBe('member')
        const made = await other.client(token).call('leases.create', { harness: 'claude' })
        expect(Math.abs(Date.parse(made.expiresAt) - Date.now() - 24 * HOUR)).toBeLessThan(5_000)
        const { credential } = await at.client(made.handle).call('leases.read', { id: made.id })
        expect(credential?.fields).toEqual({ key: fakeKey('shared') })
      }
    }
    const status = await ahead.client().call('status.get', {})
    expect(Math.abs(status.clockOffsetSeconds + 3_600)).toBeLessThan(2)
    expect(status.warnings).toMatchObject([
      { code: 'clock', message: expect.stringContaining('ahead of the database') },
    ])
    expect((await right.client().call('status.get', {})).warnings).toEqual([])
    expect(ahead.process.logs()).toContain('ahead of the database')
    const metrics = await (await fetch(`${behind.url}/metrics`)).text()
    expect(metrics).toMatch(/^claviger_clock_offset_seconds 3(599|600)(\.\d+)?$/m)
  })

  it('stop being ready when the database is under another key, and say so', async () => {
    const first = await replicas.start()
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
    await postgres.query(
      `update installation set value = 'another' where name = 'master-key-id'`,
      new URL(url).pathname.slice(1),
    )
    const answer = await fetch(`${first.url}/readyz`)
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('master key')])
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200)
  })
})

describe('servers started at the same time on an empty database', { timeout: 180_000 }, () => {
  it('all run, each with a token that is good, and made one organization', async () => {
    const started = await Promise.all(Array.from({ length: 4 }, () => replicas.start()))
    for (const one of started) {
      for (const at of started)
        expect(await at.client(one.token).call('whoami', {})).toMatchObject({ role: 'owner' })
    }
    const [first] = started
    const { tokens } = (await first?.client().call('tokens.list', {})) ?? { tokens: [] }
    expect(tokens.filter(({ name, revokedAt }) => name === 'admin' && revokedAt === null)).toHaveLength(1)
    expect(tokens.filter(({ revokedAt }) => revokedAt === null)).toHaveLength(4)
    const name = new URL(url).pathname.slice(1)
    expect(await postgres.query('select id from organization', name)).toHaveLength(1)
    expect(await postgres.query('select id from person', name)).toHaveLength(1)
  })

  it('with different keys: those with one of them run, the others say which is wanted', async () => {
    const said = await Promise.all(
      [MASTER_KEY, OTHER_KEY, MASTER_KEY, OTHER_KEY].map((masterKey, place) =>
        replicas.launch(`key-${place}`, { masterKey }),
      ),
    )
    const runs = said.map((one) => one.said.startsWith('url '))
    expect(runs[0]).toBe(runs[2])
    expect(runs[1]).toBe(runs[3])
    expect(runs[0]).not.toBe(runs[1])
    const kept = await postgres.query<{ value: string }>(
      `select value from installation where name = 'master-key-id'`,
      new URL(url).pathname.slice(1),
    )
    expect(kept).toHaveLength(1)
    for (const one of said.filter((_, place) => runs[place] === false)) {
      expect(one.said).toBe('error unavailable')
      expect(one.logs()).toContain('is not the one this database was sealed with')
      expect(one.logs()).toContain(kept[0]?.value)
      expect(one.logs()).not.toContain(OTHER_KEY)
      expect(one.logs()).not.toContain(MASTER_KEY)
    }
  })

  it('in one state directory: one runs, the others name it or say that there is one', async () => {
    const started = await Promise.all(Array.from({ length: 3 }, () => replicas.launch('shared')))
    expect(started.map(({ said }) => said.split(' ')[0]).sort()).toEqual(['error', 'error', 'url'])
    for (const { said, logs } of started.filter((one) => one.said.startsWith('error'))) {
      expect(said).toBe('error conflict')
      expect(logs()).toContain('is using the state directory')
    }
    const running = started.find(({ said }) => said.startsWith('url'))
    const late = await replicas.launch('shared')
    expect(late.said).toBe('error conflict')
    expect(late.logs()).toContain(`process ${running?.pid} at ${running?.said.slice(4)}`)
    const token = readFileSync(join(replicas.directory('shared'), 'admin.token'), 'utf8').trim()
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${running?.said.slice(4)}/api/v1/whoami`, { headers })).status).toBe(200)
    // The lock goes with its process, however that ends.
    await running?.kill()
    expect((await replicas.launch('shared')).said).toMatch(/^url /)
  })
})

describe('a server that loses its database', { timeout: 180_000 }, () => {
  it('says so within three seconds, refuses quickly, and recovers by itself', async () => {
    const relay = await startRelay(Number(new URL(url).port))
    cleanups.push(relay.close)
    const [cutOff, other] = [
      await replicas.start({ databaseUrl: relay.through(url) }),
      await replicas.start(),
    ]
    await cutOff.client().call('credentials.create', key('shared'))
    const ready = async () => {
      const from = performance.now()
      const { status } = await fetch(`${cutOff.url}/readyz`)
      return { status, took: performance.now() - from }
    }
    expect((await ready()).status).toBe(200)
    relay.freeze()
    const said = await ready()
    expect(said.status).toBe(503)
    expect(said.took).toBeLessThan(3_200)
    expect((await fetch(`${cutOff.url}/healthz`)).status).toBe(200)
    // It may take a moment until that is certain; then nobody waits.
    const first = await errorOf(cutOff.client().call('leases.create', { harness: 'claude' }))
    expect([first.code, first.hint]).toEqual(['unavailable', expect.any(String)])
    const from = performance.now()
    for (let times = 0; times < 5; times += 1) {
      const refused = await errorOf(cutOff.client().call('leases.create', { harness: 'claude' }))
      expect([refused.code, refused.hint]).toEqual(['unavailable', expect.any(String)])
    }
    expect(performance.now() - from).toBeLessThan(3_000)
    const metrics = await (await fetch(`${cutOff.url}/metrics`)).text()
    expect(metrics).toMatch(/^claviger_database_up 0$/m)
    expect(metrics).toMatch(/^claviger_refusals_total\{code="unavailable"\} [6-9]/m)
    // The others have theirs.
    expect(await lease(other, 'shared')).toBe(fakeKey('shared'))
    const token = await newToken(other, 'meanwhile')
    relay.thaw()
    await expect.poll(async () => (await ready()).status, { timeout: 15_000 }).toBe(200)
    await expect
      .poll(() => lease(cutOff, 'shared', token).catch(String), { timeout: 15_000 })
      .toBe(fakeKey('shared'))
    // It hears the others again.
    await expect
      .poll(
        () =>
          postgres.query(`select 1 from pg_stat_activity
            where datname = '${new URL(url).pathname.slice(1)}' and application_name = 'claviger listening'`),
        { timeout: 15_000 },
      )
      .toHaveLength(2)
    await other.client().call('tokens.revoke', { name: 'meanwhile' })
    expect(await refusedAfter(cutOff, token, performance.now())).toBeLessThan(1_000)
  })
})
