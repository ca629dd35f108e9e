// For end-to-end tests of Codex's sign-in: the sandbox as its issuer, a real server of ours that keeps one login, or none
// yet, and a worker whose only contact with either is the real program and our command line.

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { LoginView } from '../../src/sandbox/oauth/grants.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { storeLogin } from '../support/stored-login.ts'
import { type CodexMachine, codexMachine } from './codex-machine.ts'

/** It is its worker, too. */
export interface CodexWorld extends CodexMachine {
  readonly sandbox: Sandbox
  readonly url: string
  /** Of the owner of the organization. */
  readonly token: string
  /** As that owner. */
  readonly client: Client
  /** One more machine, whose `codex` knows of the sandbox and not of us. */
  machine(name: string): Promise<CodexMachine>
  /** The one login, as its issuer sees it. */
  login(): LoginView
  credentialState(): Promise<string>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly program: string
  /** Whether the worker's environment says where to renew; else only auth.json does. */
  readonly overrides: boolean
  /** Whether the server keeps no login yet. */
  readonly empty?: boolean
}

export async function codexWorld({ program, overrides, empty }: WorldOptions): Promise<CodexWorld> {
  const sandbox = await startSandbox()
  const root = await mkdtemp(join(tmpdir(), 'claviger-codex-'))
  const stateDirectory = join(root, 'server')
  const server = await (empty === true ? serve : serveWithLogin)(sandbox, stateDirectory)
  const { url, token, client } = await reach(server, stateDirectory)
  const machine = (name: string, base: string, refreshes: boolean) =>
    codexMachine({
      ...{ home: join(root, name), program, sandbox, url, token },
      steering: {
        CODEX_REVOKE_TOKEN_URL_OVERRIDE: `${base}/oauth/revoke`,
        ...(refreshes && { CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${base}/oauth/token` }),
      },
    })
  const login = () => {
    const [one] = sandbox.oauth.logins()
    if (one === undefined) throw new Error('there is no login')
    return one
  }
  return {
    ...(await machine('worker', `${url}/codex`, overrides)),
    ...{ sandbox, url, token, client, login },
    machine: (name) => machine(name, sandbox.issuerUrl, true),
    async credentialState() {
      const { credentials } = await client.call('credentials.list', {})
      return credentials[0]?.state ?? 'none'
    },
    async close() {
      await server.stop()
      await sandbox.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

function databaseOf(stateDirectory: string): string {
  return `sqlite:${join(stateDirectory, 'claviger.db')}`
}

async function serve(sandbox: Sandbox, stateDirectory: string): Promise<ServerProcess> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  return startServerProcess({
    ...{ stateDirectory, databaseUrl: databaseOf(stateDirectory), masterKey: MASTER_KEY },
    ...{ port: '0', logLevel: 'info', openaiIssuer: sandbox.issuerUrl, renewForcedEvery: '60' },
  })
}

// A server makes its tables and its organization; then the login is put in; then it serves.
async function serveWithLogin(sandbox: Sandbox, stateDirectory: string): Promise<ServerProcess> {
  const first = await serve(sandbox, stateDirectory)
  const { organization } = await (await reach(first, stateDirectory)).client.call('whoami', {})
  await first.stop()
  const login = sandbox.oauth.login({ provider: 'openai', account: { id: 'acct-real' } })
  const databaseUrl = databaseOf(stateDirectory)
  await storeLogin(login, { databaseUrl, organizationId: organization.id, name: 'chatgpt' })
  return serve(sandbox, stateDirectory)
}

async function reach({ said }: ServerProcess, stateDirectory: string) {
  const url = said.slice('url '.length)
  const token = (await readFile(join(stateDirectory, 'admin.token'), 'utf8')).trim()
  return { url, token, client: createClient({ server: url, token: new Secret(token) }) }
}
