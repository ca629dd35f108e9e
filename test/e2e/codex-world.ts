// For end-to-end tests of Codex's sign-in: the sandbox as its issuer, a real server of ours that keeps one login, and a
// worker whose only contact with either is the real program and our command line.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { LoginView } from '../../src/sandbox/oauth/grants.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { storeLogin } from '../support/stored-login.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const TIME_LIMIT_MS = 80_000

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CodexWorld {
  readonly sandbox: Sandbox
  readonly url: string
  /** As the owner of the organization. */
  readonly client: Client
  /** The home directory of the worker, in which everything it writes lies. */
  readonly home: string
  /** The one login, as its issuer sees it. */
  login(): LoginView
  credentialState(): Promise<string>
  /** `claviger WORDS` on the worker. */
  claviger(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>
  /** `codex WORDS` on the worker, without us around it, in this configuration home under the home directory. */
  codex(home: string, ...words: readonly string[]): Promise<Ended>
  /** A copy of a configuration home under the home directory. */
  copy(from: string, to: string): Promise<void>
  readLogin(home: string): Promise<{ tokens: Record<string, string> }>
  /** Names of files of the worker in which a refresh token of the login stands that the issuer gave. */
  leaks(): Promise<string[]>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly program: string
  /** Whether the worker's environment says where to renew; else only auth.json does. */
  readonly overrides: boolean
}

export async function codexWorld({ program, overrides }: WorldOptions): Promise<CodexWorld> {
  const sandbox = await startSandbox()
  const root = await mkdtemp(join(tmpdir(), 'claviger-codex-'))
  const [home, stateDirectory] = [join(root, 'worker'), join(root, 'server')]
  await mkdir(join(home, '.codex'), { recursive: true, mode: 0o700 })
  await writeFile(join(home, '.codex/config.toml'), configFor(sandbox))
  const server = await serveWithLogin(sandbox, stateDirectory)
  const url = server.said.slice('url '.length)
  const token = (await readFile(join(stateDirectory, 'admin.token'), 'utf8')).trim()
  const client = createClient({ server: url, token: new Secret(token) })
  const worker = { PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb' }
  const issuer = `${url}/codex`
  const steering = {
    CODEX_REVOKE_TOKEN_URL_OVERRIDE: `${issuer}/oauth/revoke`,
    ...(overrides && { CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${issuer}/oauth/token` }),
  }
  const login = () => {
    const [one] = sandbox.oauth.logins()
    if (one === undefined) throw new Error('there is no login')
    return one
  }
  return {
    ...{ sandbox, url, client, home, login },
    async credentialState() {
      const { credentials } = await client.call('credentials.list', {})
      return credentials[0]?.state ?? 'none'
    },
    claviger: (words, environment = {}) =>
      run(process.execPath, [MAIN, ...words], home, {
        ...{ ...worker, CLAVIGER_SERVER: url, CLAVIGER_TOKEN: token, CLAVIGER_CODEX_BIN: program },
        ...{ CLAVIGER_STATE_DIR: join(home, 'claviger'), ...environment },
      }),
    codex: (codexHome, ...words) =>
      run(program, words, home, { ...worker, ...steering, CODEX_HOME: join(home, codexHome) }),
    copy: (from, to) => cp(join(home, from), join(home, to), { recursive: true }),
    readLogin: async (codexHome) => JSON.parse(await readFile(join(home, codexHome, 'auth.json'), 'utf8')),
    leaks: () => filesWith(home, 'rt_sandbox_'),
    async close() {
      await server.stop()
      await sandbox.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

// A server makes its tables and its organization; then the login is put in; then it serves.
async function serveWithLogin(sandbox: Sandbox, stateDirectory: string): Promise<ServerProcess> {
  await mkdir(stateDirectory, { mode: 0o700 })
  const databaseUrl = `sqlite:${join(stateDirectory, 'claviger.db')}`
  const settings = {
    ...{ stateDirectory, databaseUrl, masterKey: MASTER_KEY, port: '0', logLevel: 'info' },
    ...{ openaiIssuer: sandbox.issuerUrl, renewForcedEvery: '60' },
  }
  const first = await startServerProcess(settings)
  const token = (await readFile(join(stateDirectory, 'admin.token'), 'utf8')).trim()
  const client = createClient({ server: first.said.slice('url '.length), token: new Secret(token) })
  const { organization } = await client.call('whoami', {})
  await first.stop()
  const login = sandbox.oauth.login({ provider: 'openai', account: { id: 'acct-real' } })
  await storeLogin(login, { databaseUrl, organizationId: organization.id, name: 'chatgpt' })
  return startServerProcess(settings)
}

// Codex takes the ChatGPT routes over plain http only if its two base URLs have different origins.
function configFor({ issuerUrl }: Sandbox): string {
  const other = issuerUrl.replace('127.0.0.1', 'localhost')
  return [
    `openai_base_url = "${issuerUrl}/backend-api/codex"`,
    `chatgpt_base_url = "${other}/backend-api/"`,
    'check_for_update_on_startup = false',
    '[analytics]\nenabled = false\n[features]\napps = false\nplugins = false\n',
  ].join('\n')
}

async function run(
  program: string,
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child: ChildProcess = spawn(program, words, {
    ...{ cwd, env: { ...env }, timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    texts.stdout += part
  })
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    texts.stderr += part
  })
  const [code] = await once(child, 'close')
  return { code, ...texts }
}

async function filesWith(directory: string, text: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const found = await Promise.all(
    files.map(async (file) => ((await readFile(file, 'latin1')).includes(text) ? [file] : [])),
  )
  return found.flat()
}
