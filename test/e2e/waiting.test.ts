// Machines that are started before anybody has stored a credential: a worker, `exec` and `restore` wait, and go on by
// themselves when somebody has signed in; with a limit they end with 78. Real processes, and the real codex program.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agentPrograms } from '../agents/install.ts'
import { approved } from './approving.ts'
import { type CodexWorld, codexWorld } from './codex-world.ts'
import { MAIN } from './program-run.ts'
import { launchWorker } from './run-world.ts'

const greeting = 'Hello from the Claviger sandbox.'
const WAITS = 'waiting_for_credentials: No Codex credential fits.'

let world: CodexWorld
let program: string
let environment: Record<string, string>

beforeEach(async () => {
  program = (await agentPrograms()).codex
  world = await codexWorld({ program, overrides: false, empty: true })
  world.sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  const { code } = await world.client.call('workers.enrol', { name: 'build-1' })
  const { token } = await world.client.call('workers.join', { code })
  environment = {
    ...{ PATH: '/usr/bin:/bin', HOME: world.home, TERM: 'dumb', CLAVIGER_CODEX_BIN: program },
    ...{ MCP_BASE_URL: world.url, API_KEY: token, HARNESS_PROVIDER: 'codex' },
    CLAVIGER_STATE_DIR: join(world.home, 'worker'),
  }
})

afterEach(async () => {
  expect(await world.leaks()).toEqual([])
  await world.close()
})

interface Started {
  output(): string
  ended: Promise<number | null>
}

function start(...words: readonly string[]): Started {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...words], {
    ...{ cwd: world.home, env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return { output: () => output, ended: once(child, 'close').then(([code]) => code) }
}

const says = ({ output }: Pick<Started, 'output'>, text: string) =>
  expect.poll(output, { timeout: 20_000, interval: 50 }).toContain(text)

async function signIn(): Promise<void> {
  const words = ['codex-login', '--method', 'device']
  expect(await approved(world.sandbox, world.claviger(words))).toMatchObject({ code: 0 })
}

it('restore waits, and writes what somebody has signed in to', async () => {
  const waiting = start('restore', '--wait')
  await says(waiting, WAITS)
  await signIn()
  expect([await waiting.ended, waiting.output()]).toEqual([
    0,
    expect.stringContaining('Restored codex OAuth credentials\n'),
  ])
  const turn = await world.codex('.codex', 'exec', '--skip-git-repo-check', 'say hi')
  expect(turn).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
}, 90_000)

it('exec waits, and starts its program', async () => {
  const waiting = start('exec', '--wait', '--', 'codex', 'exec', '--skip-git-repo-check', 'say hi')
  await says(waiting, WAITS)
  await signIn()
  expect([await waiting.ended, waiting.output()]).toEqual([0, expect.stringContaining(greeting)])
}, 90_000)

async function carriedOut(): Promise<void> {
  const { id } = await world.client.call('runs.create', { harness: 'codex', prompt: 'say hi' })
  const state = async () => (await world.client.call('runs.read', { id })).messages[0]?.state
  await expect.poll(state, { timeout: 60_000, interval: 100 }).toBe('done')
}

it('a worker waits, and carries out a run', async () => {
  const worker = await launchWorker(world.home, environment)
  try {
    await says(worker, WAITS)
    await signIn()
    await says(worker, 'There is a credential now.')
    await carriedOut()
  } finally {
    await worker.stop()
  }
}, 120_000)

describe('with a limit', () => {
  it.each([
    { what: 'restore', words: ['restore', '--wait=1'] },
    { what: 'exec', words: ['exec', '--wait=1', '--', 'codex', 'exec', 'say hi'] },
    { what: 'a worker', words: ['worker', '--wait=1'] },
  ])(
    '$what ends with 78',
    async ({ words }) => {
      const waiting = start(...words)
      expect([await waiting.ended, waiting.output()]).toEqual([78, expect.stringContaining(WAITS)])
      expect(waiting.output()).toContain('error: It was waited for long enough. No Codex credential fits.')
    },
    60_000,
  )
})

it('a worker that has one says nothing of it', async () => {
  await signIn()
  const worker = await launchWorker(world.home, environment)
  await carriedOut()
  await worker.stop()
  expect(worker.output()).not.toContain('waiting_for_credentials')
}, 90_000)

it('nobody waits for a server that refuses, or a program that is not known', async () => {
  environment = { ...environment, API_KEY: '' }
  expect(await start('restore', '--wait').ended).toBe(3)
  environment = { ...environment, HARNESS_PROVIDER: 'pi' }
  const unknown = start('exec', '--wait', '--', 'codex')
  expect([await unknown.ended, unknown.output()]).toEqual([2, expect.stringContaining('HARNESS_PROVIDER')])
}, 60_000)
