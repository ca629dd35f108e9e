// The worker inside of `claviger serve`, with the real codex program: runs of the first person need no other, and when a
// second person comes it is off.

import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Output } from '../../src/api/schemas.ts'
import { type Client, createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { type Served, serve as serveIn } from '../support/served.ts'
import { configFor } from './codex-machine.ts'
import { type Ended, MAIN, run } from './program-run.ts'

type RunView = Output<'runs.read'>

const KEY = 'sk-test-embedded-worker-0001'

let home: string
let sandbox: Sandbox
let environment: Record<string, string>
let server: Served | null = null
let client: Client

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'claviger-embedded-'))
  sandbox = await startSandbox({ credentials: [{ provider: 'openai', kind: 'api-key', value: KEY }] })
  await mkdir(join(home, '.codex'), { mode: 0o700 })
  await writeFile(join(home, '.codex/config.toml'), configFor(sandbox))
  const { codex } = await agentPrograms()
  environment = {
    ...{ PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', CLAVIGER_STATE_DIR: join(home, 'claviger') },
    ...{ CLAVIGER_CODEX_BIN: codex, CLAVIGER_OPENAI_API_URL: sandbox.openaiUrl, CLAVIGER_PORT: '0' },
  }
})

afterEach(async () => {
  await end('SIGTERM')
  await sandbox.close()
  await rm(home, { recursive: true, force: true })
})

async function serve(...words: readonly string[]): Promise<void> {
  server = await serveIn(home, environment, words)
  const { url } = server
  const token = (await readFile(join(home, 'claviger/admin.token'), 'utf8')).trim()
  // The same address after a restart.
  environment = { ...environment, CLAVIGER_PORT: new URL(url).port }
  client = createClient({ server: url, token: new Secret(token) })
}

const end = (signal: NodeJS.Signals) => server?.end(signal)
const logs = () => server?.logs() ?? ''

async function storeKey(): Promise<void> {
  const owner = `user:${(await client.call('whoami', {})).id}` as const
  const fields = { key: KEY, baseUrl: sandbox.openaiUrl }
  await client.call('credentials.create', { type: 'codex/api-key', name: 'key', owner, fields })
}

function claviger(...words: readonly string[]): Promise<Ended> {
  return run(process.execPath, [MAIN, ...words], home, environment)
}

function begin(prompt: string): Promise<RunView> {
  return client.call('runs.create', { harness: 'codex', prompt })
}

function read(id: string): Promise<RunView> {
  return client.call('runs.read', { id })
}

function until(id: string, test: (run: RunView) => boolean, timeout = 60_000): Promise<unknown> {
  return vi.waitFor(
    async () => {
      const view = await read(id)
      if (!test(view))
        throw new Error(`${view.state} ${view.reason} ${JSON.stringify(view.messages)}\n${logs()}`)
    },
    { timeout, interval: 200 },
  )
}

const isDone = ({ state, messages }: RunView) =>
  state === 'ready' && messages.every((message) => message.state === 'done')

async function workers() {
  return (await client.call('workers.list', {})).workers.map(({ id, name, state }) => ({ id, name, state }))
}

/** Somebody else, in an organization of their own. */
async function addSecondPerson(): Promise<void> {
  await client.call('organizations.create', { name: 'Other', owner: 'bob@example.test' })
}

it('carries out a run of the first person, and goes on with it after the server was killed', async () => {
  const held = Promise.withResolvers<void>()
  let isHeld = false
  sandbox.reply(async ({ lastUserMessage }) => {
    if (isHeld) await held.promise
    return `You said: ${lastUserMessage}`
  })
  await serve()
  await storeKey()
  const followed = await claviger('run', '--harness', 'codex', '--prompt', 'first words', '--follow')
  expect(followed.code, followed.stderr + logs()).toBe(0)
  expect(followed.stdout).toContain('You said: first words')
  const [{ id }] = (await client.call('runs.list', {})).runs as [RunView]
  const [before] = await workers()
  expect(before).toMatchObject({ name: 'embedded', state: 'enrolled' })
  expect((await read(id)).worker).toMatchObject({ name: 'embedded' })
  expect((await stat(join(home, 'claviger/embedded-worker.token'))).mode & 0o777).toBe(0o600)

  isHeld = true
  const asked = sandbox.requests().length
  await client.call('runs.send', { id, text: 'second words' })
  await vi.waitUntil(() => sandbox.requests().length > asked, 30_000)
  await end('SIGKILL')
  isHeld = false
  held.resolve()
  await serve()
  await until(id, isDone)
  const texts = sandbox
    .requests()
    .findLast(({ path, status }) => path.endsWith('/responses') && status === 200)
  expect(texts?.userTexts.filter((one) => one.includes('second words'))).toHaveLength(1)
  expect(await workers()).toEqual([before])
  expect(await end('SIGTERM')).toBe(0)
}, 150_000)

it('is off as soon as there is a second person, and says what to do instead', async () => {
  sandbox.reply('Done.')
  await serve()
  await storeKey()
  const first = await begin('first words')
  await until(first.id, isDone)
  await addSecondPerson()
  await vi.waitUntil(() => logs().includes('there is a second person'), 6_000)
  await until(first.id, ({ worker }) => worker === null, 6_000)
  const second = await claviger('run', '--harness', 'codex', '--prompt', 'second words')
  expect(second.stderr).toContain(
    'No worker takes it: that of the server is off, because there is a second person. On a machine with Codex: claviger worker --server http',
  )
  const listed = await claviger('admin', 'worker', 'list')
  expect(listed.stdout).toMatch(/^embedded +off /m)
  expect(listed.stderr).toContain('embedded is off, because there is a second person')
  expect((await claviger('doctor')).stdout).toContain('The worker of the server is off')
  const id = second.stdout.trim()
  const shown = await claviger('run', 'show', id)
  expect(shown.stdout).toMatch(/state: +queued\n/)
  expect(shown.stdout).toMatch(/hint: +No worker takes it/)
  await end('SIGTERM')
  await serve()
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  expect(await read(id)).toMatchObject({ state: 'queued', hint: expect.stringContaining('claviger worker') })
  const { entries } = await client.call('audit.list', {})
  expect(entries.filter(({ action }) => action === 'worker.off')).toHaveLength(1)
}, 120_000)

it('is not there with --no-embedded-worker, nor where others were first', async () => {
  await serve('--no-embedded-worker')
  await storeKey()
  const { id, hint } = await begin('some words')
  expect(hint).toMatch(/claviger worker --server \S+ --enrol/)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  expect([await workers(), (await read(id)).state]).toEqual([[], 'queued'])
  await addSecondPerson()
  await end('SIGTERM')
  await serve()
  await vi.waitUntil(() => logs().includes('there is a second person'), 6_000)
  expect([await workers(), (await read(id)).state]).toEqual([[], 'queued'])
}, 60_000)

it('stays off when it was revoked, until its token is removed', async () => {
  await serve()
  await vi.waitFor(async () => expect(await workers()).toHaveLength(1), 10_000)
  await client.call('workers.revoke', { name: 'embedded' })
  await vi.waitUntil(() => logs().includes('stays off'), 40_000)
  await end('SIGTERM')
  await serve()
  await vi.waitUntil(() => logs().includes('stays off'), 10_000)
  expect((await workers()).map(({ state }) => state)).toEqual(['revoked'])
  await rm(join(home, 'claviger/embedded-worker.token'))
  await end('SIGTERM')
  await serve()
  await vi.waitFor(
    async () => expect((await workers()).map(({ state }) => state)).toEqual(['revoked', 'enrolled']),
    10_000,
  )
}, 90_000)

it('works when a program is installed later', async () => {
  const { CLAVIGER_CODEX_BIN: codex = '', ...without } = environment
  const later = join(home, 'codex-of-later')
  environment = { ...without, CLAVIGER_CODEX_BIN: later }
  sandbox.reply('Done.')
  await serve()
  await storeKey()
  const { id, hint } = await begin('some words')
  expect(hint).toContain('Codex is not installed on the machine of the server')
  expect(await workers()).toEqual([])
  await writeFile(later, `#!/bin/sh\nexec '${codex}' "$@"\n`, { mode: 0o755 })
  await until(id, isDone)
}, 90_000)
