// A login of the real codex and of the real claude is taken over into the profiles of a machine: the person is told, what they
// have had is dead, and whoever uses that copy all the same is found out. And Claude's goes to a server and comes back.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { type ClaudeWorld, claudeWorld } from './claude-world.ts'
import { configFor } from './codex-machine.ts'
import { greeting, quiet } from './exec-run.ts'
import { type Ended, MAIN, run } from './program-run.ts'

interface Standing {
  readonly profile: string
  readonly state: string
  readonly why: string
}

const standingIn = ({ stdout }: Ended): Standing[] => JSON.parse(stdout).profiles

const STATUS = ['models', 'status', '--json', '--check']
// A login is made new before its time at most once in so long.
const SOON_AGAIN = { CLAVIGER_RENEW_FORCED_SECONDS: '1' }

describe('the real codex', () => {
  let home: string
  let sandbox: Sandbox
  let program: string

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'claviger-taking-'))
    sandbox = await startSandbox()
    program = (await agentPrograms()).codex
    await mkdir(join(home, '.codex'), { mode: 0o700 })
    await writeFile(join(home, '.codex/config.toml'), configFor(sandbox))
  })
  afterEach(async () => {
    await sandbox.close()
    await rm(home, { recursive: true, force: true })
  })

  const own = () => ({ PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', ...quiet })
  const claviger = (words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    run(process.execPath, [MAIN, ...words], home, {
      ...{ ...own(), CLAVIGER_STATE_DIR: join(home, 'claviger'), CLAVIGER_CODEX_BIN: program },
      ...{ CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl, ...more },
    })
  const codex = (...words: readonly string[]) =>
    run(program, words, home, {
      ...own(),
      CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${sandbox.issuerUrl}/oauth/token`,
      CODEX_REVOKE_TOKEN_URL_OVERRIDE: `${sandbox.issuerUrl}/oauth/revoke`,
    })
  const view = () => sandbox.oauth.logins()[0]

  // The result is its access token.
  async function signedIn(): Promise<string> {
    const account = { id: 'acct-ada', email: 'ada@example.com' }
    const { idToken, accessToken, refreshToken } = sandbox.oauth.login({ provider: 'openai', account })
    const tokens = {
      ...{ id_token: idToken, access_token: accessToken, refresh_token: refreshToken },
      account_id: account.id,
    }
    const file = {
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: null,
      tokens,
      last_refresh: new Date().toISOString(),
    }
    await writeFile(join(home, '.codex/auth.json'), JSON.stringify(file), { mode: 0o600 })
    return accessToken
  }

  test('that goes on with its copy ends the login, and the profile says whose fault that is', async () => {
    const first = await signedIn()
    const file = join(home, '.codex/auth.json')
    const taken = await claviger(['models', 'auth', 'import', '--from', 'codex'])
    expect(taken, taken.stderr).toMatchObject({ code: 0 })
    expect(taken.stderr).toContain(`its copy in ${file} is dead`)
    expect(taken.stderr).toContain(`rm ${file}`)
    expect(standingIn(await claviger(STATUS))).toMatchObject([
      { profile: 'openai-codex:ada@example.com', state: 'ok' },
    ])
    const words = [
      'exec',
      '--harness',
      'codex',
      '--no-ambient',
      '--',
      'codex',
      'exec',
      '--skip-git-repo-check',
      'Say hi',
    ]
    const turn = await claviger(words)
    expect(turn, turn.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(view()?.counters.reuseDetections).toBe(0)

    // The access token of the copy comes to its end.
    sandbox.oauth.revokeAccessToken(first)
    await codex('exec', '--skip-git-repo-check', 'Say hi with the copy')
    expect(view()?.counters.reuseDetections).toBe(1)
    await claviger(['models', 'status', '--probe'], SOON_AGAIN)
    const after = await claviger(STATUS)
    expect(after.code).toBe(1)
    expect(standingIn(after)).toMatchObject([{ state: 'needs_login' }])
    expect(standingIn(after)[0]?.why).toContain(
      `it was taken over from ${file}, and what still uses that copy ends it`,
    )
    const next = await claviger(words)
    expect(next.code).toBe(5)
    expect(next.stderr).toContain(
      'claviger models auth login --provider openai-codex --profile-id openai-codex:ada@example.com',
    )
  })

  test('is told of by the doctor while its copy lies there', async () => {
    await signedIn()
    const before = await claviger(['doctor'])
    expect(before.stdout).toContain('has a login of its own (openai-codex:ada@example.com)')
    await claviger(['models', 'auth', 'import', '--from', 'codex'])
    const copied = await claviger(['doctor'])
    expect(copied.stdout).toContain('has a copy of the login of openai-codex:ada@example.com')
    await rm(join(home, '.codex/auth.json'))
    expect((await claviger(['doctor'])).stdout).not.toContain('auth.json')
  })
})

describe('the real claude', () => {
  let world: ClaudeWorld

  beforeEach(async () => {
    world = await claudeWorld()
    await world.signedInOnMachine()
  })
  afterEach(() => world.close())

  // Over the profiles of the machine, where its own claude renews.
  const claviger = (words: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const { tls } = world.sandbox
    return run(process.execPath, [MAIN, ...words], world.home, {
      ...{ ...world.environment, CLAVIGER_ANTHROPIC_URL: world.sandbox.anthropicUrl },
      ...{ HTTPS_PROXY: tls?.proxyUrl ?? '', NODE_EXTRA_CA_CERTS: tls?.caFile ?? '', NO_PROXY: '127.0.0.1' },
      ...more,
    })
  }
  const take = () =>
    claviger([
      ...['models', 'auth', 'import', '--from', 'claude', '--profile-id', 'anthropic:max', '--accept-notice'],
    ])
  const turn = (...words: readonly string[]) =>
    claviger(['exec', '--harness', 'claude', ...words, '--', 'claude', '-p', 'Say hi'])

  test('that goes on with its copy ends the login, and the profile says whose fault that is', async () => {
    const taken = await take()
    expect(taken, taken.stderr).toMatchObject({ code: 0 })
    expect(taken.stderr).toContain(`its copy in ${world.loginFile} is dead`)
    expect(taken.stderr).toContain('Remove claudeAiOauth')
    const served = await turn('--profile', 'anthropic:max')
    expect(served, served.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(world.login().counters).toMatchObject({ refreshes: 1, reuseDetections: 0 })

    await world.claude('-p', 'Say hi with the copy')
    expect(world.login().counters.reuseDetections).toBe(1)
    await claviger(['models', 'status', '--probe'], SOON_AGAIN)
    const after = await claviger([...STATUS, '--probe'])
    expect(after.code).toBe(1)
    // Nothing can renew it any more, and what it has is refused.
    expect(standingIn(after)).toMatchObject([
      { profile: 'anthropic:max', state: 'expiring', probe: { result: 'refused' } },
    ])
    expect(standingIn(after)[0]?.why).toContain(
      `it was taken over from ${world.loginFile}, and what still uses that copy ends it`,
    )
  })

  test('has a login that goes to a server and comes back, with one holder at each moment', async () => {
    expect(await take()).toMatchObject({ code: 0 })
    const pushed = await claviger(['models', 'push', 'anthropic:max', '--accept-notice'])
    expect(pushed, pushed.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is max (personal)'),
    })
    const there = await turn('--credential', 'max')
    expect(there, there.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(await turn('--profile', 'anthropic:max')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('was pushed to'),
    })
    const pulled = await claviger(['models', 'pull', 'max', '--accept-notice'])
    expect(pulled, pulled.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('anthropic:max') })
    const back = await turn('--profile', 'anthropic:max')
    expect(back, back.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(await turn('--credential', 'max')).not.toMatchObject({ code: 0 })
    expect(world.login().counters.reuseDetections).toBe(0)
  })
})
