// `exec` around the real claude program against the sandbox: the right credential arrives and no other, whatever lies
// about in the shell, in the user's settings and in those of a hostile project.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { claude } from '../../src/harnesses/claude.ts'
import { restoreCredential } from '../../src/runner/restore.ts'
import type { SandboxCredential } from '../../src/sandbox/credentials.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { runAgent } from '../agents/run.ts'
import { programFile } from '../support/programs.ts'
import type { ExecSpecification } from './exec-driver.ts'
import { greeting, quiet, type TestMachine, testMachine } from './exec-run.ts'
import { startToolModel } from './tool-model.ts'

let program: string
let sandbox: Sandbox
let machine: TestMachine

beforeAll(async () => {
  program = (await agentPrograms()).claude
})

beforeEach(async () => {
  sandbox = await startSandbox()
  machine = await testMachine()
})

afterEach(async () => {
  await sandbox.close()
  await machine.remove()
})

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    ...quiet,
    ANTHROPIC_BASE_URL: sandbox.anthropicUrl,
    ANTHROPIC_BEDROCK_BASE_URL: sandbox.bedrockUrl,
    ...more,
  }
}

const stray = {
  ANTHROPIC_AUTH_TOKEN: 'stray-token',
  AWS_PROFILE: 'stray',
  AWS_SESSION_TOKEN: 'stray-session',
}

function carried() {
  return sandbox.requests().map((request) => request.credentials)
}

type Case = {
  readonly name: string
  readonly credential: NonNullable<ExecSpecification['credential']>
  readonly accepted: SandboxCredential
  readonly carries: readonly { header: string; scheme: string; value: string }[]
}

const cases: Case[] = [
  {
    name: 'an API key',
    credential: { type: 'claude/api-key', fields: { key: 'sk-ant-test-right' } },
    accepted: { provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-right' },
    carries: [{ header: 'x-api-key', scheme: 'raw', value: 'sk-ant-test-right' }],
  },
  {
    name: 'a setup token',
    credential: { type: 'claude/setup-token', fields: { token: 'sk-ant-oat01-test' } },
    accepted: { provider: 'anthropic', kind: 'oauth', value: 'sk-ant-oat01-test' },
    carries: [{ header: 'authorization', scheme: 'bearer', value: 'sk-ant-oat01-test' }],
  },
  {
    name: 'a Bedrock API key',
    credential: { type: 'claude/bedrock-api-key', fields: { token: 'bedrock-test', region: 'eu-west-1' } },
    accepted: { provider: 'bedrock', kind: 'bearer', value: 'bedrock-test' },
    carries: [{ header: 'authorization', scheme: 'bearer', value: 'bedrock-test' }],
  },
  {
    name: 'a Bedrock access key',
    credential: {
      type: 'claude/bedrock-access-key',
      fields: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret-test', region: 'eu-west-1' },
    },
    accepted: {
      provider: 'bedrock',
      kind: 'access-key',
      accessKeyId: 'AKIATEST',
      secretAccessKey: 'secret-test',
      region: 'eu-west-1',
    },
    carries: [{ header: 'authorization', scheme: 'sigv4', value: 'AKIATEST' }],
  },
]

describe.each(cases)('$name', ({ credential, accepted, carries }) => {
  test('arrives alone, past strays in shell, user settings and a hostile project', async () => {
    sandbox.accept(accepted)
    const evil = { ...stray, ANTHROPIC_API_KEY: 'evil-key', AWS_BEARER_TOKEN_BEDROCK: 'evil' }
    const elsewhere = {
      ANTHROPIC_BASE_URL: `${sandbox.url}/evil`,
      ANTHROPIC_BEDROCK_BASE_URL: `${sandbox.url}/evil`,
    }
    await machine.write(
      '.claude/settings.json',
      JSON.stringify({ env: { ...stray, GREETING: 'kept' }, apiKeyHelper: 'echo stray-helped' }),
    )
    await machine.write('.claude.json', JSON.stringify({ env: { ANTHROPIC_AUTH_TOKEN: 'stray-state' } }))
    await machine.writeProject({ env: { ...evil, ...elsewhere }, awsCredentialExport: 'echo evil' })
    const finished = await machine.run({
      credential,
      programOverride: program,
      environment: environment(stray),
    })
    expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(carried()).toEqual(sandbox.requests().map(() => carries))
    expect(sandbox.requests().map((request) => request.status)).not.toContain(404)
    expect(sandbox.requests().at(-1)).toMatchObject({ status: 200, lastUserMessage: 'say hi' })
    expect(finished.reports).toContain('set aside: ANTHROPIC_AUTH_TOKEN in the environment')
    expect(finished.reports).toContain('set aside: env.ANTHROPIC_AUTH_TOKEN in settings.json')
    expect(finished.reports).toContain(
      'ignored: env.ANTHROPIC_AUTH_TOKEN in .claude/settings.json of the project',
    )
    expect(finished.released).toHaveLength(1)
    expect(await machine.runs()).toEqual([])
  })

  test('is confirmed by the program’s own status, and used after a restore', async () => {
    sandbox.accept(accepted)
    const reports: string[] = []
    const fields = Object.entries(credential.fields).map(
      ([name, value]) => [name, new Secret(value)] as const,
    )
    const granted = {
      id: 'c1',
      name: 'main',
      owner: 'org',
      suffix: 'last',
      generation: 1,
      type: credential.type,
      fields: Object.fromEntries(fields),
    }
    const own = { HOME: machine.home, PATH: '/usr/bin:/bin' }
    await restoreCredential(
      {
        harness: claude,
        warn: () => undefined,
        report: (line) => reports.push(line),
        leases: {
          acquire: async () => ({
            leaseId: 'l',
            handle: new Secret('h'),
            serverUrl: '',
            expiresAt: 0,
            reason: '',
            raw: [],
            credential: granted,
          }),
          release: async () => undefined,
        },
      },
      {
        environment: own,
        cwd: machine.work,
        stateDirectory: machine.state,
        request: {},
        noAmbient: false,
        programOverride: program,
        signal: new AbortController().signal,
      },
    )
    expect(reports.at(-1)).toMatch(/^Restored claude .* credentials$/)
    const run = await runAgent(program, ['-p', 'say hi'], machine.home, environment())
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(greeting) })
    expect(carried()).toEqual(sandbox.requests().map(() => carries))
  })
})

test('a gateway named in the user’s settings gets the request', async () => {
  sandbox.accept({ provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-right' })
  await machine.write(
    '.claude/settings.json',
    JSON.stringify({ env: { ANTHROPIC_BASE_URL: sandbox.anthropicUrl } }),
  )
  const finished = await machine.run({
    programOverride: program,
    environment: { ...quiet, ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' },
  })
  expect(finished.stdout).toContain(greeting)
  expect(finished.reports).toContainEqual(
    expect.stringMatching(/^kept: ANTHROPIC_BASE_URL from settings.json, requests go to 127\.0\.0\.1:/),
  )
})

test('a project’s own helper stops a setup token from being used, so nothing is started', async () => {
  await machine.writeProject({ apiKeyHelper: 'echo evil' })
  const credential = { type: 'claude/setup-token', fields: { token: 'sk-ant-oat01-test' } } as const
  const finished = await machine.run({ credential, programOverride: program, environment: environment() })
  expect(finished.failed?.message).toBe(
    'The project\'s .claude/settings.json sets apiKeyHelper, which outranks the credential "main".',
  )
  expect(sandbox.requests()).toEqual([])
})

test('--keep-env runs with the token of the shell', async () => {
  sandbox.accept({ provider: 'anthropic', kind: 'bearer', value: 'own-token' })
  const finished = await machine.run({
    keepEnvironment: true,
    programOverride: program,
    environment: environment({ ANTHROPIC_AUTH_TOKEN: 'own-token' }),
  })
  expect(finished.stdout).toContain(greeting)
  expect(carried()).toEqual([[{ header: 'authorization', scheme: 'bearer', value: 'own-token' }]])
})

describe('the helper', () => {
  test('is asked again when its key is refused, and the same turn succeeds', async () => {
    for (const value of ['sk-ant-test-old', 'sk-ant-test-new'])
      sandbox.accept({ provider: 'anthropic', kind: 'api-key', value })
    sandbox.teach('sk-ant-test-old', 'revoked')
    const asked = join(machine.home, 'asked')
    const script = join(machine.home, 'helper.sh')
    await writeFile(
      script,
      `#!/bin/sh\nif [ -e ${asked} ]; then echo sk-ant-test-new; else : > ${asked}; echo sk-ant-test-old; fi\n`,
    )
    await chmod(script, 0o755)
    const finished = await machine.run({
      delivery: 'helper',
      helpers: { 'api-key': script, aws: '' },
      programOverride: program,
      environment: environment(stray),
    })
    expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(sandbox.requests().at(-1)?.credentials).toEqual([
      { header: 'authorization', scheme: 'bearer', value: 'sk-ant-test-new' },
      { header: 'x-api-key', scheme: 'raw', value: 'sk-ant-test-new' },
    ])
    expect(sandbox.requests().map((request) => request.conflicting)).not.toContain(true)
  })

  test('for AWS serves a Bedrock access key', async () => {
    sandbox.accept({
      provider: 'bedrock',
      kind: 'access-key',
      accessKeyId: 'AKIAHELPED',
      secretAccessKey: 'secret-helped',
      sessionToken: 'session-helped',
    })
    const keys = JSON.stringify({
      Credentials: {
        AccessKeyId: 'AKIAHELPED',
        SecretAccessKey: 'secret-helped',
        SessionToken: 'session-helped',
      },
    })
    const finished = await machine.run({
      credential: {
        type: 'claude/bedrock-access-key',
        fields: { accessKeyId: 'AKIANOT', secretAccessKey: 'not', region: 'eu-west-1' },
      },
      delivery: 'helper',
      helpers: { aws: `echo '${keys}'`, 'api-key': '' },
      programOverride: program,
      environment: environment({ ...stray, AWS_ACCESS_KEY_ID: 'AKIASTRAY', AWS_SECRET_ACCESS_KEY: 'stray' }),
    })
    expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(carried()).toEqual(
      sandbox.requests().map(() => [
        { header: 'authorization', scheme: 'sigv4', value: 'AKIAHELPED' },
        { header: 'x-amz-security-token', scheme: 'raw', value: 'session-helped' },
      ]),
    )
  })

  test('serves an interactive session, which asks no first-run question and keeps what it learned', async () => {
    sandbox.accept({ provider: 'anthropic', kind: 'api-key', value: 'sk-ant-test-helped' })
    sandbox.reply('Answered')
    await machine.write(
      '.claude.json',
      JSON.stringify({ projects: { [machine.work]: { hasTrustDialogAccepted: true } } }),
    )
    const { file } = await machine.prepare({
      command: ['claude'],
      helpers: { 'api-key': 'echo sk-ant-test-helped', aws: '' },
      programOverride: program,
      environment: environment({ ...stray, TERM: 'xterm-256color' }),
    })
    const driver = programFile('exec-driver')
    // script(1) gives it a terminal.
    const terminal = spawn('script', ['-qefc', `${process.execPath} ${driver} ${file}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const exit = once(terminal, 'exit')
    let screen = ''
    terminal.stdout.on('data', (part: Buffer) => {
      screen += String(part)
    })
    const type = async (text: string) => {
      terminal.stdin.write(text)
      await expect.poll(() => screen.includes(text.at(-1) ?? '')).toBe(true)
      // As a person would: the line is taken in before it is sent.
      await new Promise((resolve) => setTimeout(resolve, 300))
      terminal.stdin.write('\r')
    }
    try {
      await expect.poll(() => screen, { timeout: 20_000 }).toContain('❯')
      await type('say hi')
      await expect
        .poll(() => sandbox.requests().filter((request) => request.lastUserMessage === 'say hi').length, {
          timeout: 15_000,
        })
        .toBe(1)
      await expect.poll(() => screen, { timeout: 15_000 }).toContain('Answered')
      await type('/exit')
      expect((await exit)[0]).toBe(0)
    } finally {
      terminal.kill('SIGKILL')
    }
    expect(carried()).toEqual(
      sandbox.requests().map(() => [
        { header: 'authorization', scheme: 'bearer', value: 'sk-ant-test-helped' },
        { header: 'x-api-key', scheme: 'raw', value: 'sk-ant-test-helped' },
      ]),
    )
    const state = JSON.parse(await machine.read('.claude.json'))
    expect(state).toMatchObject({
      numStartups: 1,
      projects: { [machine.work]: { hasTrustDialogAccepted: true } },
    })
    expect(state).not.toHaveProperty('hasCompletedOnboarding')
    expect(await machine.read('.claude/history.jsonl')).toContain('say hi')
    expect(await machine.runs()).toEqual([])
  })
})

test('commands that the model runs do not see the key', async () => {
  const seen = join(machine.home, 'seen')
  const model = await startToolModel(`env > ${seen}`)
  try {
    const finished = await machine.run({
      command: ['claude', '-p', 'go', '--permission-mode', 'bypassPermissions'],
      programOverride: program,
      environment: { ...quiet, IS_SANDBOX: '1', ANTHROPIC_BASE_URL: model.url, CLAVIGER_TOKEN: 'cvg_test' },
    })
    expect(finished.stdout).toContain('done')
    const variables = await readFile(seen, 'utf8')
    expect(variables).toContain('CLAUDECODE=1')
    expect(variables).not.toMatch(/sk-ant-test-right|ANTHROPIC_API_KEY|CLAVIGER_/)
  } finally {
    await model.close()
  }
})
