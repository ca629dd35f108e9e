import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { runHelper, type WantedProfile } from './helper.ts'

const HANDLE = 'made-up-handle'

let answer: { status: number; body: unknown }
const directory = mkdtempSync(join(tmpdir(), 'claviger-helper-'))
const file = join(directory, 'lease.json')

// A server that has one lease.
const server = createServer((request, response) => {
  const isAsked =
    request.url === '/api/v1/leases/lease_1' && request.headers.authorization === `Bearer ${HANDLE}`
  const contentType = answer.status === 200 ? 'application/json' : 'application/problem+json'
  response.writeHead(isAsked ? answer.status : 500, { 'content-type': contentType })
  response.end(JSON.stringify(answer.body))
})

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))

afterAll(() => {
  server.close()
  rmSync(directory, { recursive: true })
})

beforeEach(() => {
  const { port } = server.address() as AddressInfo
  writeFileSync(
    file,
    JSON.stringify({ server: `http://127.0.0.1:${port}`, lease: 'lease_1', handle: HANDLE }),
  )
})

function fieldsAre(fields: Record<string, string>): void {
  answer = { status: 200, body: { credential: { fields } } }
}

let wanted: WantedProfile | null

async function helper(...args: string[]) {
  wanted = null
  const readProfile = async (asked: WantedProfile) => {
    wanted = asked
    return { key: 'sk-ant-of-a-profile' }
  }
  const printed = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      printed[name] += text
    },
  })
  const io = { stdout: stream('stdout'), stderr: stream('stderr') }
  const exitCode = await runHelper(args, io, readProfile)
  return { exitCode, ...printed }
}

test('api-key prints exactly the key, or the token of a type that has one', async () => {
  fieldsAre({ key: 'sk-ant-test-1', baseUrl: 'http://127.0.0.1' })
  expect(await helper('api-key', '--lease-file', file)).toEqual({
    exitCode: 0,
    stdout: 'sk-ant-test-1\n',
    stderr: '',
  })
  fieldsAre({ token: 'made-up', region: 'us-east-1' })
  expect((await helper('api-key', '--lease-file', file)).stdout).toBe('made-up\n')
})

test('aws prints what awsCredentialExport reads, good for minutes', async () => {
  fieldsAre({ accessKeyId: 'AKIA-made-up', secretAccessKey: 'secret', region: 'us-east-1' })
  const { exitCode, stdout } = await helper('aws', '--lease-file', file)
  const { Credentials } = JSON.parse(stdout) as { Credentials: Record<string, string> }
  expect(exitCode).toBe(0)
  expect(Credentials).toMatchObject({ AccessKeyId: 'AKIA-made-up', SecretAccessKey: 'secret' })
  expect('SessionToken' in Credentials).toBe(false)
  const minutes = (Date.parse(Credentials['Expiration'] ?? '') - Date.now()) / 60_000
  expect(minutes).toBeGreaterThan(10)
  expect(minutes).toBeLessThan(16)

  fieldsAre({ accessKeyId: 'AKIA-made-up', secretAccessKey: 'secret', sessionToken: 'session' })
  expect((await helper('aws', '--lease-file', file)).stdout).toContain('"SessionToken":"session"')
})

test('a failure is one line on standard error, nothing on standard output, and an exit code', async () => {
  answer = {
    status: 422,
    body: { code: 'no_credential', message: 'This lease is over.', hint: 'Start again.' },
  }
  expect(await helper('api-key', '--lease-file', file)).toEqual({
    exitCode: 78,
    stdout: '',
    stderr: 'claviger: This lease is over. Start again.\n',
  })
  fieldsAre({ accessKeyId: 'AKIA-made-up', secretAccessKey: 'secret' })
  expect(await helper('api-key', '--lease-file', file)).toMatchObject({ exitCode: 2, stdout: '' })
  fieldsAre({ key: 'sk-ant-test-1' })
  expect(await helper('aws', '--lease-file', file)).toMatchObject({ exitCode: 2, stdout: '' })
  writeFileSync(file, 'made-up-handle is not JSON')
  const damaged = await helper('api-key', '--lease-file', file)
  expect(damaged).toMatchObject({ exitCode: 78, stdout: '' })
  expect(damaged.stderr).not.toContain('made-up-handle')
})

test.each([[[]], [['codex', '--lease-file', 'x']], [['aws', '--lease-file', 'x', 'y']]])(
  'wrong use %j says how it is used',
  async (args) => {
    expect(await helper(...args)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'claviger: Use: claviger helper api-key|aws|codex-token --lease-file FILE, or without a server: claviger helper api-key --profile PROVIDER:NAME\n',
    })
  },
)

test.each([
  [[], {}],
  [['--local'], { local: true }],
  [['--profile', 'anthropic:work'], { profile: 'anthropic:work' }],
  [
    ['--agent', 'work', '--local', '--profile', 'anthropic:work'],
    { agent: 'work', local: true, profile: 'anthropic:work' },
  ],
])('without a lease a profile of this machine is read: %j', async (words, meant) => {
  expect(await helper('api-key', ...words)).toEqual({
    exitCode: 0,
    stdout: 'sk-ant-of-a-profile\n',
    stderr: '',
  })
  expect(wanted).toEqual({ kind: 'api-key', ...meant })
})

test.each([['--profile'], ['--profile', 'a:b', 'more'], ['--agent'], ['--other'], ['constructor']])(
  'what is no use of it reads nothing: %s %s',
  async (...words) => {
    const { exitCode, stdout, stderr } = await helper('api-key', ...words)
    expect([exitCode, stdout, wanted]).toEqual([2, '', null])
    expect(stderr).toContain('Use: claviger helper')
  },
)
