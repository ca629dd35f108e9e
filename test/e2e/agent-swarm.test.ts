// A worker of Agent Swarm as a shell script (agent-swarm-worker.sh), against us: it gets its login by curl and jq, and the
// real codex program takes its turns with it, also after the login was renewed by somebody else. And our own worker with
// Agent Swarm's variables and no others.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { agentPrograms, olderPrograms } from '../agents/install.ts'
import { findOrInstall, installLine } from '../support/debian.ts'
import { type CodexWorld, codexWorld } from './codex-world.ts'
import { launchWorker, type WorkerProcess } from './run-world.ts'

const greeting = 'Hello from the Claviger sandbox.'
const SCRIPT = join(import.meta.dirname, 'agent-swarm-worker.sh')
const AGENT_ID = '6f1f3c52-0d3c-4d1e-9d53-5a0a3f6c2b11'

let world: CodexWorld
let apiKey: string

beforeAll(() => {
  for (const name of ['curl', 'jq']) {
    const find = () => (existsSync(`/usr/bin/${name}`) ? name : undefined)
    if (findOrInstall({ name, called: name }, find) === undefined)
      throw new Error(`This test needs ${name}: ${installLine({ name })}`)
  }
})

afterEach(async () => {
  expect(await world.leaks()).toEqual([])
  await world.close()
})

async function open(program: string): Promise<void> {
  world = await codexWorld({ program, overrides: false })
  const { code } = await world.client.call('workers.enrol', { name: 'build-1' })
  apiKey = (await world.client.call('workers.join', { code })).token
}

/** Agent Swarm's variables. */
function swarm(): Record<string, string> {
  return { MCP_BASE_URL: world.url, API_KEY: apiKey, AGENT_ID, HARNESS_PROVIDER: 'codex' }
}

interface Script {
  /** Gives it a prompt, and resolves with how codex ended, when it has. */
  turn(prompt: string): Promise<string>
  /** No more prompts: resolves when it has ended. */
  end(): Promise<{ code: number | null; output: string }>
}

function startScript(program: string, more: Readonly<Record<string, string>> = {}): Script {
  const child: ChildProcess = spawn('bash', [SCRIPT], {
    cwd: world.home,
    env: { PATH: '/usr/bin:/bin', HOME: world.home, TERM: 'dumb', CODEX: program, ...swarm(), ...more },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const endings = () => [...output.matchAll(/\[worker\] ended with (\d+)/g)].map(([, code]) => code)
  return {
    async turn(prompt) {
      const before = endings().length
      child.stdin?.write(`${prompt}\n`)
      await expect
        .poll(() => [endings().length, output], { timeout: 60_000 })
        .toEqual([before + 1, expect.anything()])
      return endings().at(-1) ?? output
    },
    async end() {
      child.stdin?.end()
      const [code] = await closed
      return { code, output }
    },
  }
}

/** Another holder is refused, and the server renews the login. */
async function rotate(): Promise<void> {
  world.sandbox.oauth.revokeAccessToken(world.login().accessToken)
  const before = world.login().accessToken
  const other = await world.machine('other')
  expect(await other.claviger(['restore', '--harness', 'codex'])).toMatchObject({ code: 0 })
  const { tokens } = await other.readLogin('.codex')
  const question = { grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] }
  const response = await fetch(`${world.url}/codex/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...question, refresh_reason: 'unauthorized_recovery' }),
  })
  expect(response.status).toBe(200)
  expect(world.login().accessToken).not.toBe(before)
}

describe.each([
  { version: '0.169.0', older: false },
  { version: '0.155.1, which the override variable tells where to renew', older: true },
])('the script, with codex $version', ({ older }) => {
  let program: string

  beforeEach(async () => {
    program = older ? (await olderPrograms()).codex : (await agentPrograms()).codex
    await open(program)
  })

  test('gets its login and does a turn; the login is renewed elsewhere, and it does the next', async () => {
    const more = older ? { CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${world.url}/codex/oauth/token` } : {}
    const script = startScript(program, more)
    expect(await script.turn('say hi')).toBe('0')
    const { tokens } = await world.readLogin('.codex')
    expect(tokens).toMatchObject({
      ...{ access_token: world.login().accessToken, refresh_token: expect.stringMatching(/^clv_lease_/) },
      oauth_provenance: { issuer: `${world.url}/codex` },
    })
    expect((await stat(join(world.home, '.codex/auth.json'))).mode & 0o777).toBe(0o600)

    await rotate()
    expect(await script.turn('say hi again')).toBe('0')
    expect((await world.readLogin('.codex')).tokens['access_token']).toBe(world.login().accessToken)
    expect(world.sandbox.oauth.counters().refreshCalls).toBe(1)
    const { code, output } = await script.end()
    expect([code, output.split(greeting).length > 2]).toEqual([0, true])
    expect(output).toContain('Restored codex OAuth credentials')
  }, 120_000)
})

test('the script is told by a task what its run was given', async () => {
  const { codex: program } = await agentPrograms()
  await open(program)
  const worker = await startWorker(program)
  try {
    const id = await begin('first message')
    await answered(id, worker)
    const { output } = await startScript(program, { TASK_ID: id, API_KEY: world.token }).end()
    const { suffix } = (await world.client.call('runs.read', { id })).credential ?? {}
    expect(output).toContain(`[worker] task in_progress CODEX_OAUTH ${suffix}\n`)
  } finally {
    await worker.stop()
  }
}, 120_000)

test('without a login the script says so, and starts nothing', async () => {
  const { codex: program } = await agentPrograms()
  await open(program)
  const [one] = (await world.client.call('credentials.list', {})).credentials
  await world.client.call('credentials.delete', { id: one?.id ?? '' })
  expect(await startScript(program).end()).toMatchObject({ code: 78 })
}, 60_000)

function startWorker(program: string): Promise<WorkerProcess> {
  return launchWorker(world.home, {
    ...{ PATH: '/usr/bin:/bin', HOME: world.home, TERM: 'dumb', ...swarm() },
    ...{ CLAVIGER_CODEX_BIN: program, CLAVIGER_STATE_DIR: join(world.home, 'claviger') },
  })
}

/** Resolves when all messages of a run are answered. */
async function answered(id: string, worker: WorkerProcess): Promise<void> {
  const states = async () => {
    const { state, messages } = await world.client.call('runs.read', { id })
    return [...new Set([state, ...messages.map((message) => message.state)])]
  }
  const patience = { timeout: 60_000, interval: 100, message: worker.output() }
  await expect.poll(states, patience).toEqual(['ready', 'done'])
}

async function begin(prompt: string): Promise<string> {
  return (await world.client.call('runs.create', { harness: 'codex', prompt })).id
}

test('our worker, with these variables and no others, is the same one after it was killed', async () => {
  const { codex: program } = await agentPrograms()
  await open(program)
  const first = await startWorker(program)
  const id = await begin('first message')
  await answered(id, first)
  const before = await world.client.call('runs.read', { id })
  await first.kill()
  await world.client.call('runs.send', { id, text: 'second message' })
  const second = await startWorker(program)
  try {
    await answered(id, second)
    const after = await world.client.call('runs.read', { id })
    expect(after.worker).toEqual(before.worker)
    expect(existsSync(join(world.home, 'claviger/workers', AGENT_ID, 'worker.json'))).toBe(true)
    const asked = world.sandbox.requests().findLast(({ path }) => path.endsWith('/responses'))
    const texts = ['first message', 'second message'].map(
      (text) => asked?.userTexts?.filter((one) => one.includes(text)).length,
    )
    expect(texts).toEqual([1, 1])
  } finally {
    await second.stop()
  }
}, 180_000)

test('exec takes its program and its name from them', async () => {
  const { codex: program } = await agentPrograms()
  await open(program)
  const words = ['exec', '--', 'codex', 'exec', '--skip-git-repo-check', 'say hi']
  const environment = { CLAVIGER_SERVER: '', CLAVIGER_TOKEN: '', ...swarm() }
  expect(await world.claviger(words, environment)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(greeting),
  })
  const { entries } = await world.client.call('audit.list', { action: 'lease.create' })
  expect(entries.map(({ details }) => details['worker'])).toEqual([AGENT_ID])
}, 60_000)
