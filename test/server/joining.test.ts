// Joining a real server: the first link, the pages with real passwords, a terminal that waits across a restart, and two
// servers on one Postgres that hand out one token between them.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { serverSettings } from '../../src/config.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import { startServer } from '../../src/main.ts'
import type { RunningServer } from '../../src/server/running.ts'
import { errorOf } from '../support/house.ts'
import { codeIn } from '../support/links.ts'
import { startPostgres } from '../support/postgres.ts'

const PASSWORD = 'correct horse battery'

let parent: string
const running: RunningServer[] = []

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'claviger-joining-'))
})

afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
  rmSync(parent, { recursive: true, force: true })
})

async function start(changed: GivenSettings = {}, directory = 'state'): Promise<RunningServer> {
  const stateDirectory = join(parent, directory)
  const server = await startServer(
    serverSettings({ stateDirectory, port: '0', logLevel: 'silent', ...changed }),
  )
  running.push(server)
  return server
}

async function stop(): Promise<void> {
  for (const server of running.splice(0)) await server.close()
}

const visiting = ({ url }: RunningServer) => createClient({ server: url, token: null })
const signedIn = ({ url }: RunningServer, token: string) =>
  createClient({ server: url, token: new Secret(token) })
const adminToken = (directory = 'state') =>
  readFileSync(join(parent, directory, 'admin.token'), 'utf8').trim()

function submit({ url }: RunningServer, path: string, fields: Record<string, string>, origin = url) {
  return fetch(`${url}/${path}`, { method: 'POST', body: new URLSearchParams(fields), headers: { origin } })
}

function codeOf(link: Secret | null): string {
  return codeIn(link?.expose())
}

const signIn = (server: RunningServer, code: string, email: string, password = PASSWORD) =>
  submit(server, 'device', { code, email, password, decision: 'approve' })

it('shows one link at its first start, with which the first person gives e-mail and password', async () => {
  const first = await start()
  expect(first.signInLink?.expose().startsWith(`${first.url}/join#clv_join_`)).toBe(true)
  await stop()
  const server = await start()
  expect(server.signInLink).toBeNull()
  const code = codeOf(first.signInLink)
  const form = await (await fetch(`${server.url}/join?code=${code}`)).text()
  expect(form).toContain('name="email"')
  const fields = { code, email: 'Ada@example.test', password: PASSWORD }
  expect((await submit(server, 'join', fields, 'http://evil.test')).status).toBe(403)
  const tries = await Promise.all([1, 2, 3].map(() => submit(server, 'join', fields)))
  expect(tries.map(({ status }) => status).sort()).toEqual([200, 409, 409])
  const who = await signedIn(server, adminToken()).call('whoami', {})
  expect(who).toMatchObject({ name: 'ada@example.test', role: 'owner' })

  const waiting = await visiting(server).call('device.start', { client: 'laptop' })
  expect((await signIn(server, waiting.userCode, 'ada@example.test', 'a wrong password')).status).toBe(401)
  expect((await signIn(server, waiting.userCode, 'owner@claviger.local')).status).toBe(401)
  expect((await signIn(server, waiting.userCode, 'ada@example.test')).status).toBe(200)
  const { state, token = '' } = await visiting(server).call('device.poll', { deviceCode: waiting.deviceCode })
  expect(state).toBe('approved')
  expect((await signedIn(server, token).call('whoami', {})).name).toBe('ada@example.test')
  const { entries } = await signedIn(server, token).call('audit.list', {})
  expect(entries.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(
    expect.arrayContaining(['member.signInLink allowed', 'device.signIn refused', 'device.approve allowed']),
  )
  expect(JSON.stringify(entries)).not.toMatch(/clv_|correct horse|a wrong password/)
})

it('keeps terminals waiting across a restart, and never twice lets one in', async () => {
  const port = String(new URL((await start()).url).port)
  await stop()
  const before = await start({ port })
  const [approved, waiting] = await Promise.all(
    ['one', 'two'].map((client) => visiting(before).call('device.start', { client })),
  )
  const userCode = approved?.userCode ?? ''
  await signedIn(before, adminToken()).call('device.approve', { userCode })
  await stop()
  const server = await start({ port })
  const poll = (started: typeof approved) =>
    visiting(server).call('device.poll', { deviceCode: started?.deviceCode ?? '' })
  const states = (await Promise.all([poll(approved), poll(approved)])).map(({ state }) => state)
  expect(states.sort()).toEqual(['approved', 'expired'])
  expect((await poll(waiting)).state).toBe('pending')
})

it('makes links of the address it was told, whatever a request says', async () => {
  const server = await start({ publicUrl: 'https://claviger.example/keys/' })
  expect(server.signInLink?.expose()).toMatch(/^https:\/\/claviger\.example\/keys\/join#clv_join_/)
  const body = await new Promise<string>((resolve, reject) => {
    const headers = {
      host: 'evil.test',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-for': '203.0.113.9',
      'content-type': 'application/json',
    }
    const asked = request(`${server.url}/api/v1/device/start`, { method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve(text))
    })
    asked.on('error', reject)
    asked.end('{"client":"laptop"}')
  })
  const started = JSON.parse(body) as { verificationUrl: string; userCode: string }
  expect(started.verificationUrl).toBe('https://claviger.example/keys/device')
  const { address } = await visiting(server).call('device.describe', { userCode: started.userCode })
  expect(address).toMatch(/127\.0\.0\.1$/)
  const form = { code: started.userCode, email: 'x@example.test', password: PASSWORD, decision: 'approve' }
  for (const other of ['https://evil.test', 'http://127.0.0.1:1', 'http://localhost'])
    expect((await submit(server, 'device', form, other)).status).toBe(403)
  // Of a browser on this machine, or at the other end of a tunnel, it is its own.
  for (const own of ['https://claviger.example', server.url])
    expect((await submit(server, 'device', form, own)).status).toBe(401)
})

it('hands out one token and one membership between two servers on one Postgres', {
  timeout: 120_000,
}, async () => {
  const postgres = await startPostgres()
  try {
    const given = { databaseUrl: await postgres.createDatabase(), masterKey: 'ab'.repeat(32) }
    const servers = [await start(given, 'one'), await start(given, 'two')] as const
    const [one, two] = servers
    expect([one.signInLink === null, two.signInLink === null]).toEqual([false, true])
    const owner = signedIn(two, adminToken('two'))
    const { code } = await owner.call('invitations.create', { email: 'bea@example.test', role: 'member' })
    const joining = [one, two, one, two].map((server) =>
      visiting(server)
        .call('invitations.accept', { code, name: 'Bea', password: PASSWORD, token: true, client: 'laptop' })
        .then(
          () => 'in',
          (error: { message: string }) => error.message,
        ),
    )
    const outcomes = (await Promise.all(joining)).sort()
    expect(outcomes).toEqual([
      'This invitation was used already.',
      'This invitation was used already.',
      'This invitation was used already.',
      'in',
    ])

    const started = await visiting(one).call('device.start', { client: 'laptop' })
    expect((await signIn(two, started.userCode, 'bea@example.test')).status).toBe(200)
    const { deviceCode } = started
    const polls = servers.map((server) => visiting(server).call('device.poll', { deviceCode }))
    const states = (await Promise.all(polls)).map(({ state }) => state)
    expect(states.sort()).toEqual(['approved', 'expired'])
    // Two machines of one name, at the same moment, each on a server of its own: both get in, under names of their own.
    const both = await Promise.all(
      servers.map(async (server) => {
        const made = await visiting(server).call('device.start', { client: 'laptop' })
        await signIn(server, made.userCode, 'bea@example.test')
        return { server, deviceCode: made.deviceCode }
      }),
    )
    const got = await Promise.all(
      both.map(({ server, deviceCode: code }) => visiting(server).call('device.poll', { deviceCode: code })),
    )
    expect(got.map(({ state }) => state)).toEqual(['approved', 'approved'])
    const { tokens } = await owner.call('tokens.list', {})
    expect(
      tokens
        .map(({ name }) => name)
        .filter((name) => name.startsWith('laptop'))
        .sort(),
    ).toEqual(['laptop', 'laptop-2', 'laptop-3', 'laptop-4'])
    expect((await errorOf(visiting(two).call('invitations.describe', { code }))).code).toBe('conflict')
  } finally {
    await stop()
    await postgres.close()
  }
})
