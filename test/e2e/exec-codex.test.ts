// `exec` around the real codex program against the sandbox: the right credential arrives and no other, with and without
// a base URL of its own, past what the user's own configuration says.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { codex } from '../../src/harnesses/codex.ts'
import { restoreCredential } from '../../src/runner/restore.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { runAgent } from '../agents/run.ts'
import type { ExecSpecification } from './exec-driver.ts'
import { greeting, type TestMachine, testMachine } from './exec-run.ts'
import { startToolModel } from './tool-model.ts'

const KEY = 'sk-test-right-1234567890'
const quiet =
  'check_for_update_on_startup = false\n[analytics]\nenabled = false\n[features]\napps = false\nplugins = false\n'

let program: string
let sandbox: Sandbox
let machine: TestMachine

beforeAll(async () => {
  program = (await agentPrograms()).codex
})

beforeEach(async () => {
  sandbox = await startSandbox({ credentials: [{ provider: 'openai', kind: 'api-key', value: KEY }] })
  machine = await testMachine()
})

afterEach(async () => {
  await sandbox.close()
  await machine.remove()
})

function run(more: Partial<ExecSpecification>) {
  return machine.run({
    harness: 'codex',
    command: ['codex', 'exec', '--skip-git-repo-check', 'say hi'],
    programOverride: program,
    credential: { type: 'codex/api-key', fields: { key: KEY } },
    ...more,
  })
}

function expectOnly(value: string): void {
  const expected = [{ header: 'authorization', scheme: 'bearer', value }]
  expect(sandbox.requests().map((request) => request.credentials)).toEqual(
    sandbox.requests().map(() => expected),
  )
  expect(sandbox.requests().at(-1)).toMatchObject({ status: 200, lastUserMessage: 'say hi' })
}

const strays = { CODEX_API_KEY: 'sk-stray', CODEX_ACCESS_TOKEN: 'at-stray', OPENAI_API_KEY: 'sk-stray' }

test('an API key with its own base URL arrives alone, past a provider and a login of the user', async () => {
  const config = `# mine\nmodel_provider = "theirs"\nforced_login_method = "chatgpt"\nopenai_base_url = "${sandbox.url}/evil"\n${quiet}[model_providers.theirs]\nname = "Theirs"\nbase_url = "${sandbox.url}/evil"\nenv_key = "CODEX_API_KEY"\n`
  await machine.write('.codex/config.toml', config)
  await machine.write('.codex/auth.json', '{"OPENAI_API_KEY":"sk-theirs"}')
  const credential = { type: 'codex/api-key', fields: { key: KEY, baseUrl: sandbox.openaiUrl } } as const
  const finished = await run({ credential, environment: strays })
  expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  expectOnly(KEY)
  expect(sandbox.requests().map((request) => request.status)).not.toContain(404)
  expect(finished.reports).toEqual([
    'codex uses codex/api-key "main" of org (…last): it belongs to the organization',
    'set aside: CODEX_API_KEY in the environment',
    'set aside: CODEX_ACCESS_TOKEN in the environment',
    'set aside: OPENAI_API_KEY in the environment',
    'set aside: forced_login_method in config.toml',
    'set aside: model_provider in config.toml (theirs)',
    'set aside: openai_base_url in config.toml (the credential has its own)',
    "left out: the machine's own login",
  ])
  expect(await machine.read('.codex/config.toml')).toBe(config)
  expect(await machine.read('.codex/auth.json')).toBe('{"OPENAI_API_KEY":"sk-theirs"}')
  expect(await machine.runs()).toEqual([])
})

test('an API key without a base URL goes where the user’s configuration says', async () => {
  await machine.write('.codex/config.toml', `openai_base_url = "${sandbox.openaiUrl}"\n${quiet}`)
  const finished = await run({})
  expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  expectOnly(KEY)
  expect(finished.reports[1]).toMatch(/^kept: openai_base_url in config\.toml, requests go to 127\.0\.0\.1:/)
})

test('a gateway of the user that takes the login gets our key', async () => {
  const gateway = `[model_providers.gate]\nname = "Gate"\nbase_url = "${sandbox.openaiUrl}"\nwire_api = "responses"\nrequires_openai_auth = true\n`
  await machine.write('.codex/config.toml', `model_provider = "gate"\n${quiet}${gateway}`)
  const finished = await run({ environment: strays })
  expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  expectOnly(KEY)
})

test('a project cannot send the key elsewhere', async () => {
  await machine.write(
    '../work/.codex/config.toml',
    `openai_base_url = "${sandbox.url}/evil"\nmodel_provider = "evil"\n[model_providers.evil]\nname = "Evil"\nbase_url = "${sandbox.url}/evil"\nrequires_openai_auth = true\n`,
  )
  await machine.write('.codex/config.toml', `${quiet}[projects."${machine.work}"]\ntrust_level = "trusted"\n`)
  const credential = { type: 'codex/api-key', fields: { key: KEY, baseUrl: sandbox.openaiUrl } } as const
  expect(await run({ credential })).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  expectOnly(KEY)
  expect(sandbox.requests().filter((request) => request.path.startsWith('/evil'))).toEqual([])
})

test('an access token arrives alone', async () => {
  sandbox.accept({ provider: 'openai', kind: 'access-token', value: 'at-test-right' })
  // Codex takes the ChatGPT routes over plain http only if its two base URLs have different origins.
  const chatgpt = sandbox.url.replace('127.0.0.1', 'localhost')
  const urls = `openai_base_url = "${sandbox.url}/openai/backend-api/codex"\nchatgpt_base_url = "${chatgpt}/openai/backend-api/"\n`
  await machine.write('.codex/config.toml', urls + quiet)
  const finished = await run({
    credential: { type: 'codex/access-token', fields: { token: 'at-test-right' } },
    environment: { ...strays, CODEX_AUTHAPI_BASE_URL: `${sandbox.url}/openai/api/accounts` },
  })
  expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  expectOnly('at-test-right')
})

test('an access token that is refused stops the run before it starts', async () => {
  const credential = { type: 'codex/access-token', fields: { token: 'at-test-wrong' } } as const
  const finished = await run({
    credential,
    environment: { CODEX_AUTHAPI_BASE_URL: `${sandbox.url}/openai/api/accounts` },
  })
  expect(finished.failed).toMatchObject({
    code: 'rejected',
    message: expect.stringMatching(
      /^Codex does not see the codex\/access-token credential \(exit 1\): .*401/,
    ),
  })
})

test('a profile file cannot choose another provider, login or store', async () => {
  const evil = `base_url = "${sandbox.url}/evil"\n`
  const own = `openai_base_url = "${sandbox.openaiUrl}"\n${quiet}`
  await machine.write('.codex/config.toml', own)
  const profile = `model_provider = "theirs"\nforced_login_method = "chatgpt"\ncli_auth_credentials_store = "keyring"\n[model_providers.theirs]\nname = "T"\n${evil}env_key = "THEIR_KEY"\n`
  await machine.write('.codex/work.config.toml', profile)
  const finished = await run({
    command: ['codex', 'exec', '--profile', 'work', '--skip-git-repo-check', 'say hi'],
    environment: { THEIR_KEY: 'sk-theirs' },
  })
  expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  expectOnly(KEY)
  expect(finished.reports).toEqual(
    expect.arrayContaining([
      'set aside: model_provider in work.config.toml (theirs)',
      'set aside: forced_login_method in work.config.toml',
      'set aside: cli_auth_credentials_store in work.config.toml',
    ]),
  )
  expect(await machine.read('.codex/work.config.toml')).toBe(profile)
})

test('what a run changes is there afterwards: MCP servers come and go, in the user’s own text', async () => {
  const config = `# mine\nmodel = "gpt-5" # best\nmodel_provider = "gone"\n${quiet}`
  await machine.write('.codex/config.toml', config)
  const added = await run({ command: ['codex', 'mcp', 'add', 'foo', '--env', 'A=1', '--', 'echo', 'x'] })
  expect(added.code).toBe(0)
  const after = await machine.read('.codex/config.toml')
  expect(after.startsWith(config)).toBe(true)
  expect(parse(after)).toMatchObject({
    model_provider: 'gone',
    mcp_servers: { foo: { command: 'echo', args: ['x'], env: { A: '1' } } },
  })
  expect(after).not.toContain('cli_auth_credentials_store')
  const removed = await run({ command: ['codex', 'mcp', 'remove', 'foo'] })
  expect(removed.code).toBe(0)
  expect(parse(await machine.read('.codex/config.toml'))).toEqual(parse(config))
  expect(await machine.read('.codex/config.toml')).toContain('# mine\nmodel = "gpt-5" # best\n')
  for (const { reports } of [added, removed]) expect(reports.join()).not.toContain('not kept')
})

test('a fresh home gets what the program made, and neither key nor login', async () => {
  const credential = { type: 'codex/api-key', fields: { key: KEY, baseUrl: sandbox.openaiUrl } } as const
  const finished = await run({ credential })
  expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
  const home = join(machine.home, '.codex')
  const entries = await readdir(home, { recursive: true, withFileTypes: true })
  expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(['installation_id']))
  expect(entries.map(({ name }) => name)).not.toContain('auth.json')
  for (const entry of entries.filter((one) => one.isFile())) {
    expect(await readFile(join(entry.parentPath, entry.name), 'latin1')).not.toContain(KEY)
  }
  expect(finished.reports.join()).not.toContain('not kept')
  expect(await run({ credential })).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
})

test.each(['a fresh home', 'a home in which Codex has an index of sessions'])(
  'in %s a session outlives its run and is resumed by the next, and without us',
  async (kind) => {
    await machine.write('.codex/config.toml', `openai_base_url = "${sandbox.openaiUrl}"\n${quiet}`)
    await machine.write('.codex/auth.json', JSON.stringify({ OPENAI_API_KEY: KEY }))
    const bare = (words: string[]) =>
      runAgent(program, ['exec', ...words, '--skip-git-repo-check', 'say hi'], machine.home, {})
    if (kind !== 'a fresh home') {
      await bare([])
      expect((await readdir(join(machine.home, '.codex'))).join()).toMatch(/state_\d+\.sqlite/)
    }
    const first = await run({
      command: ['codex', 'exec', '--skip-git-repo-check', '--json', 'remember this'],
    })
    const [line = ''] = first.stdout.split('\n')
    const id: string = JSON.parse(line).thread_id
    const second = await run({ command: ['codex', 'exec', 'resume', '--skip-git-repo-check', id, 'say hi'] })
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    const texts = ['remember this', 'say hi']
    expect(sandbox.requests().at(-1)?.userTexts).toEqual(expect.arrayContaining(texts))
    expect(await bare(['resume', id])).toMatchObject({ exitCode: 0 })
    expect(sandbox.requests().at(-1)?.userTexts).toEqual(expect.arrayContaining(texts))
    expectOnly(KEY)
  },
)

test('commands that the model runs see the raw secrets of the run, and not the key', async () => {
  const model = await startToolModel('env > seen')
  try {
    const credential = { type: 'codex/api-key', fields: { key: KEY, baseUrl: `${model.url}/v1` } } as const
    await machine.write('.codex/config.toml', quiet)
    const finished = await run({
      credential,
      command: ['codex', 'exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', 'go'],
      environment: { ...strays, CLAVIGER_TOKEN: 'cvg_test' },
      raw: [{ name: 'GH_TOKEN', value: 'raw-for-commands' }],
    })
    expect(finished.stdout).toContain('done')
    const seen = await readFile(join(machine.work, 'seen'), 'utf8')
    expect(seen).toContain('GH_TOKEN=raw-for-commands')
    expect(seen).not.toMatch(/sk-|at-stray|CLAVIGER_/)
  } finally {
    await model.close()
  }
})

test('a restored key is used by the program as it is', async () => {
  await machine.write('.codex/config.toml', `# mine\n${quiet}`)
  const reports: string[] = []
  const fields = { key: new Secret(KEY), baseUrl: new Secret(sandbox.openaiUrl) }
  const credential = {
    id: 'c1',
    name: 'main',
    owner: 'org',
    suffix: 'last',
    generation: 1,
    type: 'codex/api-key',
    fields,
  } as const
  await restoreCredential(
    {
      harness: codex,
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
          credential,
        }),
        release: async () => undefined,
      },
    },
    {
      environment: { HOME: machine.home, PATH: '/usr/bin:/bin' },
      cwd: machine.work,
      stateDirectory: machine.state,
      request: {},
      noAmbient: false,
      programOverride: program,
      signal: new AbortController().signal,
    },
  )
  expect(reports).toEqual([
    ...['config.toml', 'auth.json'].map((name) => `wrote ${join(machine.home, '.codex', name)}`),
    'Restored codex API key credentials',
  ])
  expect(await readdir(join(machine.home, '.codex'))).toEqual(
    expect.arrayContaining(['auth.json', 'config.toml']),
  )
  expect(await machine.read('.codex/config.toml')).toContain('# mine\n')
  const finished = await runAgent(program, ['exec', '--skip-git-repo-check', 'say hi'], machine.home, {})
  expect(finished).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(greeting) })
  expectOnly(KEY)
})
