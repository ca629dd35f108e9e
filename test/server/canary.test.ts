// A whole life of credentials on the real server, then every byte it left behind is searched for their values: the
// state directory while it runs and afterwards, its log at the most talkative, and every answer that is not a lease.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'

const parent = mkdtempSync(join(tmpdir(), 'claviger-canary-'))
const directory = join(parent, 'state')
const secret = (prefix: string) => `${prefix}test-${randomBytes(24).toString('base64url')}`
const KEYS = {
  first: secret('sk-ant-'),
  second: secret('sk-ant-'),
  refused: secret('sk-ant-'),
  openai: secret('sk-'),
}
const RAW = `raw-${randomBytes(24).toString('base64url')}`
const BROKEN = secret('sk-ant-broken-')

let sandbox: Sandbox
let server: ServerProcess
let url: string
let token: string
const answers: string[] = []

beforeAll(async () => {
  sandbox = await startSandbox()
  for (const value of [KEYS.first, KEYS.second])
    sandbox.accept({ provider: 'anthropic', kind: 'api-key', value })
  server = await startServerProcess({
    ...{ stateDirectory: directory, port: '0', logLevel: 'debug' },
    ...{
      anthropicUrl: sandbox.anthropicUrl,
      openaiApiUrl: sandbox.openaiUrl,
      bedrockUrl: sandbox.bedrockUrl,
    },
  })
  url = server.said.replace('url ', '')
  token = readFileSync(join(directory, 'admin.token'), 'utf8').trim()
})

afterAll(async () => {
  await server.stop()
  await sandbox.close()
  rmSync(parent, { recursive: true, force: true })
})

// Sends a request and keeps the answer, headers and all; a lease's is only given back.
async function send(
  method: string,
  path: string,
  body?: unknown,
  bearer = token,
): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${url}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: text }),
  })
  const answer = await response.text()
  const isLease = /^\/api\/v1\/leases/.test(path) && response.ok
  if (!isLease) answers.push(answer, JSON.stringify([...response.headers]))
  return answer.startsWith('{') ? (JSON.parse(answer) as Record<string, string>) : {}
}

async function live(): Promise<{ handle: string }> {
  const credentials = '/api/v1/credentials'
  const create = (name: string, type: string, fields: object, more = {}) =>
    send('POST', credentials, { type, owner: 'me', name, fields, ...more })
  const { id } = await create('main', 'claude/api-key', { key: KEYS.first }, { test: true })
  await create('refused', 'claude/api-key', { key: KEYS.refused }, { test: true })
  await create('openai', 'codex/api-key', { key: KEYS.openai })
  await create('RAW', 'raw', { value: RAW })
  await create('main', 'claude/api-key', { key: KEYS.second }) // taken
  await create('wrong', 'codex/api-key', { key: KEYS.first }) // another kind
  await create('wrong', 'claude/api-key', { key: `${KEYS.first}\n${KEYS.second}` })
  await create('wrong', 'claude/api-key', { [BROKEN]: KEYS.first })
  await send('POST', credentials, `{"fields":{"key":"${BROKEN}"`)
  await send('GET', `${credentials}?limit=50`)
  await send('GET', `${credentials}/${id}`)
  await send('PATCH', `${credentials}/${id}`, { fields: { key: KEYS.second } })
  await send('POST', `${credentials}/${id}/test`)
  sandbox.teach(KEYS.second, 'revoked')
  await send('POST', `${credentials}/${id}/test`)
  await send('POST', `${credentials}/${id}/rollback`, { version: 1 })
  await send('GET', `${credentials}/${id}/versions`)
  const lease = await send('POST', '/api/v1/leases', { harness: 'claude' })
  expect(JSON.stringify(lease)).toContain(KEYS.first)
  expect(JSON.stringify(lease)).toContain(RAW)
  const { id: leaseId, handle = '' } = lease
  await send('GET', `/api/v1/leases/${leaseId}`, undefined, handle)
  await send('GET', credentials, undefined, handle)
  await send('DELETE', `/api/v1/leases/${leaseId}`, undefined, handle)
  await send('POST', '/api/v1/leases', { harness: 'claude', credential: 'none' })
  for (const path of [
    '/api/v1/explain?harness=claude',
    '/api/v1/whoami',
    '/api/v1/tokens',
    '/metrics',
    '/openapi.json',
  ])
    await send('GET', path)
  await send('DELETE', `${credentials}/${id}`)
  await send('GET', '/api/v1/audit?limit=1000')
  return { handle }
}

// The value as it is, and as it might have been written down: base64 at each of its three alignments, hex, reversed.
function formsOf(value: string): Buffer[] {
  const bytes = Buffer.from(value)
  const aligned = [0, 1, 2].map((skip) => bytes.subarray(skip, skip + 27).toString('base64'))
  const reversed = [...value].reverse().join('')
  const texts = [
    value,
    value.slice(0, 24),
    ...aligned,
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    reversed,
  ]
  return [...texts, ...texts.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))].map((text) =>
    Buffer.from(text),
  )
}

function expectAbsent(
  secrets: Readonly<Record<string, string>>,
  places: Readonly<Record<string, Buffer>>,
): void {
  const found: string[] = []
  for (const [place, bytes] of Object.entries(places)) {
    for (const [name, value] of Object.entries(secrets))
      if (formsOf(value).some((form) => bytes.includes(form))) found.push(`${name} in ${place}`)
  }
  expect(found).toEqual([])
}

function filesOf(): Record<string, Buffer> {
  return Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]))
}

it('leaves no value anywhere', async () => {
  const { handle } = await live()
  const secrets = { ...KEYS, raw: RAW, broken: BROKEN, handle }
  const running = filesOf()
  expect(Object.keys(running)).toContain('claviger.db-wal')
  expect(Buffer.concat(Object.values(running)).length).toBeGreaterThan(50_000)
  expectAbsent(secrets, running)
  await server.stop()
  const logs = server.logs()
  expect(logs).toContain('"ready"')
  expect(logs.split('\n').length).toBeGreaterThan(30)
  expect(answers.length).toBeGreaterThan(40)
  expectAbsent(secrets, { ...filesOf(), logs: Buffer.from(logs), answers: Buffer.from(answers.join('\n')) })

  // Our own token lies in its file and nowhere else.
  const { 'admin.token': kept, ...others } = filesOf()
  expect(kept?.toString()).toContain(token)
  expectAbsent({ token }, { ...others, logs: Buffer.from(logs), answers: Buffer.from(answers.join('\n')) })
})

it('would be found if it were there', () => {
  for (const form of formsOf(KEYS.first))
    expect(() =>
      expectAbsent(KEYS, { planted: Buffer.concat([Buffer.from('x'), form, Buffer.from('y')]) }),
    ).toThrow()
})
