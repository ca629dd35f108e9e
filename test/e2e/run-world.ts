// For end-to-end tests of runs: a whole server of ours as a process, a worker as another, the real programs, and the
// sandbox for their providers.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Output, Request } from '../../src/api/schemas.ts'
import { type Client, createClient } from '../../src/client/client.ts'
import type { CredentialType } from '../../src/domain/credential-types.ts'
import type { RecordedEvent } from '../../src/domain/runs/record.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import type { SandboxCredential } from '../../src/sandbox/credentials.ts'
import type { LoginView } from '../../src/sandbox/oauth/grants.ts'
import type { MadeLogin } from '../../src/sandbox/oauth/oauth.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms, olderPrograms } from '../agents/install.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { configFor } from './codex-machine.ts'
import { quiet } from './exec-run.ts'
import { MAIN, run } from './program-run.ts'

export type RunView = Output<'runs.read'>

export interface WorkerProcess {
  readonly pid: number
  /** Everything it said so far. */
  output(): string
  stop(): Promise<void>
  kill(): Promise<void>
}

export interface RunWorld {
  readonly root: string
  readonly sandbox: Sandbox
  readonly url: string
  /** As the owner of the organization. */
  readonly client: Client
  /** The home directory of the worker's machine. */
  readonly home: string
  startWorker(): Promise<WorkerProcess>
  /** Everything that the servers logged. */
  logs(): string
  /** SIGKILL to those that were started. */
  killWorker(): Promise<void>
  /** Ends the server with SIGKILL, and starts it on its disk again at the same port. */
  restartServer(away?: number): Promise<void>
  /** Stores a personal credential of the owner. */
  store(type: CredentialType, name: string, fields: Readonly<Record<string, string>>): Promise<void>
  /** Takes over a login that the sandbox has given somebody. */
  signIn(from: 'claude' | 'codex', name: string): Promise<LoginView>
  begin(input: Partial<Request<'runs.create'>>): Promise<RunView>
  send(id: string, text: string): Promise<void>
  /** Resolves when it is so; throws with what it was instead after a while. */
  until(id: string, test: (run: RunView) => boolean, seconds?: number): Promise<RunView>
  events(id: string): Promise<RecordedEvent[]>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly credentials?: readonly SandboxCredential[]
  readonly settings?: GivenSettings
  readonly workerEnvironment?: Readonly<Record<string, string>>
  /** The server renews Claude logins, by the real program at hosts that the sandbox plays. */
  readonly renewsClaude?: true
  /** The oldest programs that we serve. */
  readonly older?: boolean
  /** How the worker reaches the server, which has this address for itself; without it just so. */
  readonly dig?: (server: string) => Promise<string>
}

export async function runWorld(options: WorldOptions = {}): Promise<RunWorld> {
  const root = await mkdtemp(join(tmpdir(), 'claviger-runs-'))
  const [home, stateDirectory] = [join(root, 'machine'), join(root, 'server')]
  await mkdir(join(home, '.codex'), { recursive: true, mode: 0o700 })
  await mkdir(stateDirectory, { mode: 0o700 })
  const sandbox = await startSandbox({
    credentials: [...(options.credentials ?? [])],
    ...(options.renewsClaude && { tls: { directory: root } }),
  })
  const hosts: Record<string, string> =
    sandbox.tls === null ? {} : { HTTPS_PROXY: sandbox.tls.proxyUrl, NODE_EXTRA_CA_CERTS: sandbox.tls.caFile }
  await writeFile(join(home, '.codex/config.toml'), configFor(sandbox))
  const { claude, codex } = await (options.older ? olderPrograms() : agentPrograms())
  const settings: GivenSettings = {
    ...{ stateDirectory, masterKey: MASTER_KEY, port: '0', logLevel: 'warn', renewForcedEvery: '1' },
    ...{
      anthropicUrl: sandbox.anthropicUrl,
      openaiApiUrl: sandbox.openaiUrl,
      openaiIssuer: sandbox.issuerUrl,
    },
    ...{ bedrockUrl: sandbox.bedrockUrl, claudeBin: claude, ...options.settings },
  }
  let server: ServerProcess = await started(settings, hosts)
  let logged = ''
  const url = server.said.slice('url '.length)
  const token = (await readFile(join(stateDirectory, 'admin.token'), 'utf8')).trim()
  const client = createClient({ server: url, token: new Secret(token) })
  const environment = {
    ...{ PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', ...quiet },
    ...{ CLAVIGER_SERVER: (await options.dig?.(url)) ?? url, CLAVIGER_STATE_DIR: join(home, 'claviger') },
    ...{ CLAVIGER_CLAUDE_BIN: claude, CLAVIGER_CODEX_BIN: codex },
    ANTHROPIC_BASE_URL: sandbox.anthropicUrl,
    ANTHROPIC_BEDROCK_BASE_URL: sandbox.bedrockUrl,
    ...options.workerEnvironment,
  }
  const owner = `user:${(await client.call('whoami', {})).id}` as const
  const { code } = await client.call('workers.enrol', { name: 'build-1' })
  const enrolled = await run(
    process.execPath,
    [MAIN, 'worker', `--enrol=${code}`, '--enrol-only'],
    home,
    environment,
  )
  if (enrolled.code !== 0) throw new Error(enrolled.stderr)
  const workers = new Set<WorkerProcess>()
  const read = (id: string) => client.call('runs.read', { id })
  return {
    ...{ root, sandbox, url, client, home },
    async startWorker() {
      const worker = await launchWorker(home, environment)
      workers.add(worker)
      return worker
    },
    logs: () => logged + server.logs(),
    async killWorker() {
      for (const worker of workers) await worker.kill()
      workers.clear()
    },
    async restartServer(away = 0) {
      await server.kill()
      logged += server.logs()
      await new Promise((resolve) => setTimeout(resolve, away))
      server = await started({ ...settings, port: new URL(url).port }, hosts)
    },
    async store(type, name, fields) {
      await client.call('credentials.create', { type, name, owner, fields: { ...fields } })
    },
    async signIn(from, name) {
      const provider = from === 'claude' ? 'anthropic' : 'openai'
      const made = sandbox.oauth.login({ provider })
      const file = from === 'claude' ? claudeFile(made) : codexFile(made)
      await client.call('logins.import', { from, name, owner, file, acceptNotice: true })
      const login = sandbox.oauth.logins().find(({ id }) => id === made.id)
      if (login === undefined) throw new Error('there is no login')
      return login
    },
    begin: (input) => client.call('runs.create', { harness: 'claude', ...input }),
    async send(id, text) {
      await client.call('runs.send', { id, text })
    },
    until: (id, test, seconds = 40) => until(read, id, test, seconds),
    events: (id) => eventsOf(url, token, id),
    async close() {
      for (const worker of workers) await worker.stop()
      await server.stop()
      await sandbox.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

// What is in its environment its claude program is given as well.
async function started(
  settings: GivenSettings,
  hosts: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const server = await startServerProcess(settings, 0, hosts)
  if (!server.said.startsWith('url ')) throw new Error(`${server.said}\n${server.logs()}`)
  return server
}

/** A worker that is enrolled there, as a process. */
export async function launchWorker(
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<WorkerProcess> {
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'worker'], {
    ...{ cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  const exited = once(child, 'exit')
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  while (!output.includes('Carrying out runs')) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(output)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await exited
  }
  const pid = child.pid ?? 0
  return { pid, output: () => output, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

async function until(
  read: (id: string) => Promise<RunView>,
  id: string,
  test: (run: RunView) => boolean,
  seconds: number,
): Promise<RunView> {
  const end = performance.now() + seconds * 1_000
  for (;;) {
    const view = await read(id).catch(() => null)
    if (view !== null && test(view)) return view
    if (performance.now() > end) {
      const { state, reason, messages } = view ?? {}
      throw new Error(`the run is ${state}: ${reason}; ${JSON.stringify(messages)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export async function eventsOf(url: string, token: string, id: string): Promise<RecordedEvent[]> {
  const response = await fetch(`${url}/api/v1/runs/${id}/events?follow=false`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
  })
  const data = (await response.text()).split('\n').filter((line) => line.startsWith('data: '))
  return data.map((line) => (JSON.parse(line.slice('data: '.length)) as { event: RecordedEvent }).event)
}

/** What the model said, and was said in the states of the run. */
export function toldBy(events: readonly RecordedEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.kind === 'text') return [`text ${event.text}`]
    if (event.kind === 'state') return [`state ${event.state}`]
    return event.kind === 'credential' ? [`credential ${event.credential?.type ?? 'ambient'}`] : []
  })
}

/** The file in which claude would keep such a login. */
export function claudeFile({ accessToken, refreshToken }: MadeLogin): string {
  const scopes = ['user:inference', 'user:profile']
  const expiresAt = Date.now() + 3_600_000
  const claudeAiOauth = { accessToken, refreshToken, expiresAt, scopes, subscriptionType: 'max' }
  return JSON.stringify({ claudeAiOauth })
}

/** The file in which codex would keep such a login. */
export function codexFile({ idToken, accessToken, refreshToken }: MadeLogin): string {
  const tokens = { id_token: idToken, access_token: accessToken, refresh_token: refreshToken }
  return JSON.stringify({ auth_mode: 'chatgpt', tokens, last_refresh: new Date().toISOString() })
}
