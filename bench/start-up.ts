// What our own start costs: the cold helper that a harness runs again and again, and `claviger exec` around a harness.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from '../src/sandbox/sandbox.ts'
import { agentPrograms } from '../test/agents/install.ts'
import { claviger, type RunningClaviger, startClaviger, timed } from './processes.ts'
import { median, type Section } from './report.ts'

const HELPER_ROUNDS = 15
const EXEC_ROUNDS = 7
const KEY = `sk-ant-test-${'b'.repeat(40)}`

export async function benchStartUp(): Promise<Section> {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-bench-'))
  const server = await startClaviger(join(directory, 'state'))
  const sandbox = await startSandbox({
    credentials: [{ provider: 'anthropic', kind: 'api-key', value: KEY }],
  })
  try {
    await call(server, '/api/v1/credentials', {
      type: 'claude/api-key',
      name: 'main',
      owner: 'me',
      fields: { key: KEY },
    })
    const rows = [
      await helper(server, directory),
      await exec('`claviger exec -- claude -p`', 'state', directory, sandbox.anthropicUrl),
      await execAlone(directory, sandbox.anthropicUrl),
    ]
    return {
      title: 'Start-up',
      text: `Whole processes from the bundle, each in turn with its yardstick; medians of ${HELPER_ROUNDS} and ${EXEC_ROUNDS}.`,
      head: ['what', 'yardstick', 'yardstick ms', 'ms', 'more, ms', 'may be'],
      rows,
      after:
        'The helper reads the credential of a running lease from the server; exec takes a lease, prepares a private configuration, runs the real Claude Code for one turn against the sandbox, and cleans up. Without a server it is one itself meanwhile.',
    }
  } finally {
    await sandbox.close()
    await server.stop()
    await rm(directory, { recursive: true })
  }
}

async function helper(server: RunningClaviger, directory: string): Promise<string[]> {
  const lease = await call(server, '/api/v1/leases', { harness: 'claude' })
  const file = join(directory, 'lease.json')
  await writeFile(file, JSON.stringify({ server: server.url, lease: lease['id'], handle: lease['handle'] }), {
    mode: 0o600,
  })
  const env = { PATH: process.env['PATH'] ?? '' }
  const bare = () => timed(process.execPath, ['-e', '0'], env)
  const ours = () => timed(claviger, ['helper', 'api-key', '--lease-file', file], env)
  return compare('`claviger helper`, cold', '`node -e 0`', bare, ours, HELPER_ROUNDS, '+80')
}

// Over the profiles of this machine: the use-cases of a server are started with it.
async function execAlone(directory: string, anthropicUrl: string): Promise<string[]> {
  const agent = join(directory, 'alone/agents/main/agent')
  await mkdir(agent, { recursive: true, mode: 0o700 })
  const profiles = { 'anthropic:default': { type: 'api_key', provider: 'anthropic', key: KEY } }
  await writeFile(join(agent, 'auth-profiles.json'), JSON.stringify({ version: 1, profiles }), {
    mode: 0o600,
  })
  return exec('`claviger exec -- claude -p`, without a server', 'alone', directory, anthropicUrl)
}

async function exec(what: string, state: string, directory: string, anthropicUrl: string): Promise<string[]> {
  const { claude } = await agentPrograms()
  const [home, work] = [join(directory, `home-${state}`), join(directory, `work-${state}`)]
  await mkdir(home)
  await mkdir(work)
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    ANTHROPIC_BASE_URL: anthropicUrl,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  }
  const ourEnv = { ...env, CLAVIGER_STATE_DIR: join(directory, state) }
  const turn = ['-p', 'say hi']
  const bare = () => timed(claude, turn, { ...env, ANTHROPIC_API_KEY: KEY }, work)
  const ours = () => timed(claviger, ['exec', '--harness', 'claude', '--', claude, ...turn], ourEnv, work)
  return compare(what, '`claude -p`', bare, ours, EXEC_ROUNDS, '+200')
}

async function compare(
  what: string,
  yardstick: string,
  bare: () => Promise<number>,
  ours: () => Promise<number>,
  rounds: number,
  limit: string,
): Promise<string[]> {
  await bare()
  await ours()
  const times: { bare: number; ours: number }[] = []
  for (let round = 0; round < rounds; round += 1) times.push({ bare: await bare(), ours: await ours() })
  const more = median(times.map((one) => one.ours - one.bare))
  const [base, own] = [median(times.map((one) => one.bare)), median(times.map((one) => one.ours))]
  return [what, yardstick, base.toFixed(0), own.toFixed(0), `+${more.toFixed(0)}`, limit]
}

async function call(
  { url, token }: RunningClaviger,
  path: string,
  body: object,
): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}
