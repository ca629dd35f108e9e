// A terminal that waits to be let in, against a server that answers what it is told to: away, busy, slow, and no.

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { formatToken } from '../../domain/token.ts'
import { runCli } from '../cli.ts'

const TOKEN = formatToken(new Uint8Array(48).fill(3))
const STARTED = {
  deviceCode: 'clv_device_test',
  userCode: 'BCDF-GHJK',
  verificationUrl: 'http://claviger.test/device',
  verificationUrlComplete: '--version',
  expiresInSeconds: 30,
  intervalSeconds: 0.01,
}
const INSTALLATION = {
  ...{
    product: 'claviger',
    version: '1.2.3',
    time: '2026-01-01T00:00:00.000Z',
    organization: 'Acme',
    fingerprint: '0123-4567',
  },
  publicUrl: 'http://claviger.test',
}
const APPROVED = {
  state: 'approved',
  token: TOKEN,
  tokenName: 'laptop',
  tokenExpiresAt: '2030-01-01T00:00:00.000Z',
  organization: { id: 'org-a', name: 'Acme' },
  person: { id: 'bob', email: 'bob@example.test', name: 'Bob', role: 'member' },
}

type Answer = (response: ServerResponse) => void

const json =
  (value: object, status = 200): Answer =>
  (response) => {
    const type = status < 300 ? 'application/json' : 'application/problem+json'
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value))
  }
const cut: Answer = (response) => void response.socket?.destroy()

const cleanups: (() => unknown)[] = []
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'claviger-device-'))
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
  rmSync(directory, { recursive: true, force: true })
})

// The first answer is to the start; all others to polls.
async function login(answers: readonly Answer[], words: readonly string[] = []) {
  const left = [...answers]
  const bodies: unknown[] = []
  const tokens: unknown[] = []
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') return json(INSTALLATION)(response)
    let body = ''
    for await (const part of request) body += part
    bodies.push(JSON.parse(body))
    tokens.push(request.headers.authorization)
    left.shift()?.(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(
    () => server.closeAllConnections(),
    () => new Promise((resolve) => server.close(resolve)),
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const exitCode = await runCli(['login', '--server', url, ...words], {
    version: '0',
    env: { CLAVIGER_STATE_DIR: directory, CLAVIGER_TOKEN: TOKEN },
    stdin,
    stdout,
    stderr,
    selfCommand: [],
    offline: () => Promise.reject(new Error('not here')),
    openProfiles: () => Promise.reject(new Error('not here')),
    agentFolders: () => Promise.reject(new Error('not here')),
    machineLook: () => Promise.reject(new Error('not here')),
    ...{ startServer: never, startSandbox: never, harnessOf: never },
  })
  expect(left).toEqual([])
  expect(tokens.every((token) => token === undefined)).toBe(true)
  return { url, exitCode, bodies, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}

const never = () => Promise.reject(new Error('This verb does not start anything.'))

it('waits through a server that is away, busy or restarting, and saves the token for it', async () => {
  const busy = { code: 'rate_limited', message: 'This was tried too often.', retryAfter: 1 }
  const away = { code: 'unavailable', message: 'The database is closed.' }
  const pending = { state: 'pending' }
  const answers = [
    ...[STARTED, pending].map((one) => json(one)),
    ...[cut, cut, json(away, 503), json(busy, 429), json(pending), json(APPROVED)],
  ]
  const began = performance.now()
  const { url, exitCode, stdout, stderr, bodies } = await login(answers, ['--organization', 'Acme', '--json'])
  expect(exitCode).toBe(0)
  expect(performance.now() - began).toBeGreaterThan(1000)
  expect(bodies[0]).toMatchObject({ organization: 'Acme', client: expect.any(String) })
  expect(bodies.at(-1)).toEqual({ deviceCode: 'clv_device_test' })
  expect(JSON.parse(stdout)).toMatchObject({
    server: url,
    fingerprint: '0123-4567',
    organization: { name: 'Acme' },
    tokenName: 'laptop',
  })
  expect(stdout + stderr).not.toContain(TOKEN)
  expect(stderr).toContain('open http://claviger.test/device and type this code: BCDF-GHJK')
  expect(stderr.match(/cannot be reached/g)).toHaveLength(1)
  expect(stderr).toContain('CLAVIGER_TOKEN is set and wins over it.')
  expect(JSON.parse(readFileSync(join(directory, 'login.json'), 'utf8'))).toEqual({
    server: url,
    token: TOKEN,
  })
})

it('says which server it is before anybody is let in, and where its pages are from here', async () => {
  const there = { ...STARTED, verificationUrl: 'http://127.0.0.1:7717/device' }
  const { url, exitCode, stderr } = await login([json(there), json(APPROVED)])
  expect([exitCode, stderr.split('\n')[0]]).toEqual([0, `Server: ${url}, Acme, fingerprint 0123-4567`])
  expect(stderr).toContain(`open ${url}/device and type`)
})

it('waits longer when it is told to slow down', { timeout: 20_000 }, async () => {
  const began = performance.now()
  const { exitCode } = await login([STARTED, { state: 'slow_down' }, APPROVED].map((one) => json(one)))
  expect(exitCode).toBe(0)
  expect(performance.now() - began).toBeGreaterThan(5000)
})

it.each([
  ['denied', 4, 'This terminal was turned away.'],
  ['expired', 3, 'Nobody let this terminal in before the code expired.'],
])('ends when it is %s, and saves nothing', async (state, code, message) => {
  const { exitCode, stderr } = await login([json(STARTED), json({ state })])
  expect([exitCode, stderr.includes(message)]).toEqual([code, true])
  expect(() => readFileSync(join(directory, 'login.json'))).toThrow()
})

it('ends by its own clock when the server never says so', async () => {
  const { exitCode, stderr } = await login([json({ ...STARTED, expiresInSeconds: 0 })])
  expect([exitCode, stderr.includes('before the code expired')]).toEqual([3, true])
})

it('opens nothing that is no page, and says when what was handed over is no token', async () => {
  const { exitCode, stderr } = await login(
    [json(STARTED), json({ ...APPROVED, token: 'nonsense' })],
    ['--open'],
  )
  expect(exitCode).toBe(3)
  expect(stderr).not.toContain('is not installed')
  expect(stderr).toContain('does not hold a Claviger token')
})
