// For end-to-end tests of Claude logins: a whole server of ours that renews with the real claude program, the sandbox for
// the hosts that this insists on, and a machine whose only contact with the server is our command line.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { LoginView } from '../../src/sandbox/oauth/grants.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { startServerProcess } from '../support/server-process.ts'
import { quiet } from './exec-run.ts'
import { type Ended, filesWith, MAIN, run } from './program-run.ts'

/** Its server makes a login new before its time at most once in so long; taking one over does so. */
export const FORCED_EVERY_MS = 1_000

export interface ClaudeWorld {
  readonly sandbox: Sandbox
  readonly url: string
  /** As the owner of the organization. */
  readonly client: Client
  readonly program: string
  /** The home directory of the machine, in which everything it writes lies. */
  readonly home: string
  /** Where claude keeps its login on the machine. */
  readonly loginFile: string
  /** The environment of the machine. */
  readonly environment: Readonly<Record<string, string>>
  /** The one login, as Anthropic sees it. */
  login(): LoginView
  /** `claude auth login` was done on the machine some time ago. */
  signedInOnMachine(): Promise<void>
  /** `claviger WORDS` on the machine. */
  claviger(...words: readonly string[]): Promise<Ended>
  /** `claude WORDS` on the machine, without us around it. */
  claude(...words: readonly string[]): Promise<Ended>
  /** Names of files of the machine in which a refresh token stands. */
  leaks(): Promise<string[]>
  close(): Promise<void>
}

export async function claudeWorld(): Promise<ClaudeWorld> {
  const root = await mkdtemp(join(tmpdir(), 'claviger-claude-'))
  const [home, stateDirectory] = [join(root, 'machine'), join(root, 'server')]
  const loginFile = join(home, '.claude/.credentials.json')
  await mkdir(join(home, '.claude'), { recursive: true, mode: 0o700 })
  await mkdir(stateDirectory, { mode: 0o700 })
  const sandbox = await startSandbox({ tls: { directory: root } })
  const { claude: program } = await agentPrograms()
  const hosts = { HTTPS_PROXY: sandbox.tls?.proxyUrl ?? '', NODE_EXTRA_CA_CERTS: sandbox.tls?.caFile ?? '' }
  const server = await serve(sandbox, { stateDirectory, claudeBin: program }, hosts)
  const url = server.said.slice('url '.length)
  const token = (await readFile(join(stateDirectory, 'admin.token'), 'utf8')).trim()
  const own = { PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', ...quiet }
  const environment = {
    ...{ ...own, CLAVIGER_SERVER: url, CLAVIGER_TOKEN: token, CLAVIGER_CLAUDE_BIN: program },
    ...{ CLAVIGER_STATE_DIR: join(home, 'claviger'), ANTHROPIC_BASE_URL: sandbox.anthropicUrl },
  }
  return {
    ...{ sandbox, url, program, home, loginFile, environment },
    client: createClient({ server: url, token: new Secret(token) }),
    login() {
      const [one] = sandbox.oauth.logins()
      if (one === undefined) throw new Error('there is no login')
      return one
    },
    signedInOnMachine: () => writeLogin(sandbox, loginFile),
    claviger: (...words) => run(process.execPath, [MAIN, ...words], home, environment),
    claude: (...words) =>
      run(program, words, home, {
        ...{ ...own, ...hosts, NO_PROXY: '127.0.0.1', ANTHROPIC_BASE_URL: sandbox.anthropicUrl },
      }),
    leaks: () => filesWith(home, 'sk-ant-ort'),
    async close() {
      await server.stop()
      await sandbox.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

// What is in its environment its claude program is given as well.
async function serve(
  { anthropicUrl, bedrockUrl }: Sandbox,
  place: { readonly stateDirectory: string; readonly claudeBin: string },
  hosts: Readonly<Record<string, string>>,
) {
  for (const [name, value] of Object.entries(hosts)) vi.stubEnv(name, value)
  try {
    return await startServerProcess({
      ...{ ...place, databaseUrl: `sqlite:${join(place.stateDirectory, 'claviger.db')}` },
      ...{ masterKey: MASTER_KEY, port: '0', logLevel: 'info', anthropicUrl, bedrockUrl },
      renewForcedEvery: String(FORCED_EVERY_MS / 1_000),
    })
  } finally {
    vi.unstubAllEnvs()
  }
}

// Its access token has ended: the program renews before anything else.
async function writeLogin({ oauth }: Sandbox, path: string): Promise<void> {
  const { accessToken, refreshToken } = oauth.login({ provider: 'anthropic' })
  const scopes = ['user:inference', 'user:profile']
  const expiresAt = Date.now() - 60_000
  const claudeAiOauth = { accessToken, refreshToken, expiresAt, scopes, subscriptionType: 'max' }
  await writeFile(path, JSON.stringify({ claudeAiOauth }), { mode: 0o600 })
}
