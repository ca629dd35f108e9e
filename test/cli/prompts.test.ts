// What only happens on a terminal: masked prompts, questions, and their order. The command line runs in this process on
// streams that say they are terminals, against a real server process.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../../src/cli/cli.ts'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { codeOf, fromBase32 } from '../../src/identity/app-codes.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

let workshop: Workshop

beforeAll(async () => {
  workshop = await createWorkshop()
  await workshop.startServer()
})

afterAll(() => workshop.dispose())

interface Terminal {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

const never = () => Promise.reject(new Error('This verb does not start anything.'))

// Types each answer when its question has appeared.
async function onTerminal(
  argv: readonly string[],
  answers: readonly (readonly [RegExp, string])[],
  env: Readonly<Record<string, string>> = workshop.env,
) {
  const terminal = () => Object.assign(new PassThrough(), { isTTY: true, columns: 200, rows: 50 })
  const [stdin, stdout, stderr] = [
    Object.assign(terminal(), { setRawMode: () => undefined }),
    new PassThrough(),
    terminal(),
  ]
  const printed = { stdout: '', stderr: '' }
  const waiting = [...answers]
  stdout.on('data', (text: Buffer) => {
    printed.stdout += text.toString()
  })
  let from = 0
  stderr.on('data', (text: Buffer) => {
    printed.stderr += text.toString()
    const [question, answer] = waiting[0] ?? []
    if (question?.test(printed.stderr.slice(from)) !== true) return
    waiting.shift()
    from = printed.stderr.length
    setTimeout(() => stdin.write(answer ?? ''), 50)
  })
  const exitCode = await runCli(argv, {
    version: '0',
    env,
    stdin: stdin as never,
    stdout: stdout as never,
    stderr: stderr as never,
    selfCommand: [],
    startServer: never,
    startSandbox: never,
    offline: never,
    openProfiles: never,
    agentFolders: never,
    machineLook: never,
    harnessOf: never,
  })
  expect(waiting, `Not asked. It said:\n${printed.stderr}`).toEqual([])
  for (const value of Object.values(workshop.values)) {
    expect(printed.stdout + printed.stderr).not.toContain(value)
  }
  return { exitCode, ...printed } satisfies Terminal
}

test('create says where to get one and who pays, then asks without showing the value', async () => {
  const { ANT_KEY = '', OAI_KEY = '' } = workshop.values
  const { exitCode, stdout, stderr } = await onTerminal(
    ['credential', 'create', 'claude', 'api-key', 'main'],
    [
      [/API key/, `${OAI_KEY}\r`],
      // A wrong one can be corrected at once.
      [/should start with sk-ant-/, '\u0015'],
      [/API key/, `${ANT_KEY}\r`],
    ],
  )
  expect(stderr).toContain('where to get one: https://platform.claude.com/settings/keys')
  expect(stderr).toContain('what it bills:    Your Anthropic API balance, not a Claude subscription.')
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: 'Created claude/api-key main (personal, …aaaa).\n',
  })
})

test('everything is checked before the value is asked for', async () => {
  const taken = await onTerminal(['credential', 'create', 'claude', 'api-key', 'main'], [])
  expect(taken).toMatchObject({ exitCode: 1, stdout: '' })
  expect(taken.stderr).toContain('personal already has a credential named main.')
  const nowhere = ['credential', 'create', 'claude', 'api-key', 'x', '--server', 'http://127.0.0.1:1']
  expect((await onTerminal(nowhere, [])).stderr).toContain('cannot be reached')
})

test('giving up at the prompt stores nothing', async () => {
  const { exitCode, stderr } = await onTerminal(
    ['credential', 'create', 'claude', 'api-key', 'given-up'],
    [[/API key/, '\u0003']],
  )
  expect(exitCode).toBe(1)
  expect(stderr).toContain('Nothing was changed.')
  expect((await onTerminal(['credential', 'show', 'given-up'], [])).exitCode).toBe(1)
})

test('a type with several fields asks for each, and an update keeps what is left empty', async () => {
  const { KEY_ID = '', KEY_SECRET = '', SESSION = '' } = workshop.values
  const created = await onTerminal(
    ['credential', 'create', 'claude', 'bedrock-access-key', 'bedrock'],
    [
      [/Access key id/, `${KEY_ID}\r`],
      [/Secret access key/, `${KEY_SECRET}\r`],
      [/Session token \(Enter for none\)/, `${SESSION}\r`],
      [/AWS region/, 'us-east-1\r'],
    ],
  )
  expect(created).toMatchObject({ exitCode: 0 })
  const updated = await onTerminal(
    ['credential', 'update', '--value', 'bedrock'],
    [
      [/Access key id \(Enter keeps it\)/, '\r'],
      [/Secret access key \(Enter keeps it\)/, '\r'],
      [/Session token \(Enter keeps it\)/, '\r'],
      [/AWS region \(Enter keeps it\)/, 'eu-west-1\r'],
    ],
  )
  expect(updated).toMatchObject({ exitCode: 0 })
  const { stdout } = await onTerminal(['credential', 'history', 'bedrock'], [])
  expect(stdout).toContain('changed: region')
})

test('a Claude subscription is stored only after its notice was accepted', async () => {
  const argv = ['credential', 'create', 'claude', 'setup-token', 'sub']
  const declined = await onTerminal(argv, [[/Do you accept this/, '\r']])
  expect(declined).toMatchObject({ exitCode: 4, stdout: '' })
  expect(declined.stderr).toContain('personal Claude subscription token')
  const accepted = await onTerminal(argv, [
    [/Do you accept this/, 'y'],
    [/Setup token/, `${workshop.values['OAT'] ?? ''}\r`],
  ])
  expect(accepted).toMatchObject({ exitCode: 0 })
})

test('a Claude subscription for others is refused before its value is asked for, and shared only after its terms', async () => {
  const create = ['credential', 'create', 'claude', 'setup-token', 'everybodys', '--org']
  const refused = await onTerminal(create, [])
  expect(refused).toMatchObject({ exitCode: 4, stdout: '' })
  expect(refused.stderr).toContain('claviger admin policy set claude shared')
  const share = ['admin', 'policy', 'set', 'claude', 'shared']
  const declined = await onTerminal(share, [[/Share them all the same/, '\r']])
  expect(declined).toMatchObject({ exitCode: 4, stdout: '' })
  expect(declined.stderr).toContain("sign-in to a Claude account must complete through Anthropic's own flow")
  const accepted = await onTerminal(share, [[/Share them all the same/, 'y']])
  expect(accepted).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('subscriptions: shared') })
  const stored = await onTerminal(create, [[/Setup token/, `${workshop.values['OAT'] ?? ''}\r`]])
  expect(stored).toMatchObject({ exitCode: 0 })
  expect(stored.stderr).not.toContain('Do you accept')
})

test('delete asks, and the answer is no unless yes was said', async () => {
  const argv = ['credential', 'delete', 'main']
  const kept = await onTerminal(argv, [[/Delete claude\/api-key main .* cannot be undone/, '\r']])
  expect(kept).toMatchObject({ exitCode: 1, stdout: '' })
  const deleted = await onTerminal(argv, [[/cannot be undone/, 'y']])
  expect(deleted).toMatchObject({
    exitCode: 0,
    stdout: 'Deleted claude/api-key main (personal, …aaaa).\n',
  })
})

test('the removal of a member asks, and the answer is no unless yes was said', async () => {
  const argv = ['admin', 'members', 'remove', 'owner@claviger.local']
  const question = /Remove owner@claviger\.local from the organization\? This cannot be undone/
  const kept = await onTerminal(argv, [[question, '\r']])
  expect(kept).toMatchObject({ exitCode: 1, stdout: '' })
  expect(kept.stderr).toContain('Cancelled.')
  const last = await onTerminal(argv, [[question, 'y']])
  expect(last).toMatchObject({ exitCode: 1, stdout: '' })
  expect(last.stderr).toContain('is the last owner of this organization')
})

test('login asks for the token without showing it', async () => {
  const token = readFileSync(join(workshop.stateDirectory, 'admin.token'), 'utf8').trim()
  const { exitCode, stdout, stderr } = await onTerminal(
    ['login', '--token'],
    [[/Token for http/, `${token}\r`]],
  )
  expect(exitCode).toBe(0)
  expect(stdout).toContain('as owner@claviger.local (owner)')
  expect(stdout + stderr).not.toContain(token)
})

test('worker --enrol asks for the code without showing it, and on a worker it is not used', async () => {
  const enrol = await workshop.run('claviger admin worker enrol build-1 --json 2> /dev/null')
  const { code } = JSON.parse(enrol.stdout) as { code: string }
  const server = JSON.parse(readFileSync(join(workshop.stateDirectory, 'server.json'), 'utf8')) as {
    url: string
  }
  const env = { ...workshop.env, CLAVIGER_STATE_DIR: join(workshop.directory, 'machine') }
  const argv = ['worker', '--server', server.url, '--enrol', '--enrol-only']
  const question = /Enrolment code for http/
  const answers: [RegExp, string][] = [
    [question, 'nonsense\r'],
    [/not an enrolment code/, '\u0015'],
    [question, `${code}\r`],
  ]
  const { exitCode, stdout, stderr } = await onTerminal(argv, answers, env)
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^Enrolled as build-1 of My organization\.\nSaved in .*login\.json\.\n$/),
  })
  expect(stdout + stderr).not.toContain(code)
  const saved = readFileSync(join(env.CLAVIGER_STATE_DIR, 'login.json'), 'utf8')
  const again = await onTerminal(argv, [], env)
  expect(again).toMatchObject({ exitCode: 0, stdout: '' })
  expect(again.stderr).toContain('This machine is the worker build-1 of My organization already')
  expect(readFileSync(join(env.CLAVIGER_STATE_DIR, 'login.json'), 'utf8')).toBe(saved)
})

test('login --invitation asks for the link without showing it, then for name and password', async () => {
  const invited = await workshop.run('claviger admin members add bea@example.test --role member')
  const link = invited.stdout.trim()
  const { exitCode, stdout, stderr } = await onTerminal(
    ['login', '--invitation'],
    [
      [/Link or code/, 'nonsense\r'],
      [/neither the link/, '\u0015'],
      [/Link or code/, `${link}\r`],
      [/Your name/, 'Bea\r'],
      [/A password .*Enter for none/, `${workshop.values['RAW_VALUE']}\r`],
      [/The same again/, `${workshop.values['RAW_VALUE']}\r`],
    ],
  )
  expect(stderr).toContain('You are invited to My organization')
  expect({ exitCode, stdout: stdout.split('\n')[0] }).toEqual({
    exitCode: 0,
    stdout: expect.stringContaining('as bea@example.test (member) of My organization.'),
  })
  expect(stdout + stderr).not.toContain(link.slice(link.indexOf('clv_')))
})

test('login --invitation asks whoever has an authenticator app for a code, and shows none of it', async () => {
  const { url } = JSON.parse(readFileSync(join(workshop.stateDirectory, 'server.json'), 'utf8'))
  const token = readFileSync(join(workshop.stateDirectory, 'admin.token'), 'utf8').trim()
  const owner = createClient({ server: url, token: new Secret(token) })
  const password = workshop.values['RAW_VALUE'] ?? ''
  const email = 'cyd@example.test'
  const { code } = await owner.call('invitations.create', { email, role: 'member', teams: [] })
  const joined = { code, name: 'Cyd', password, token: true, client: 'first' }
  const first = await createClient({ server: url, token: null }).call('invitations.accept', joined)
  const cyd = createClient({ server: url, token: new Secret(first.token ?? '') })
  const { secret } = await cyd.call('secondFactor.begin', { password })
  const shown = codeOf(fromBase32(secret), Math.floor(Date.now() / 30_000))
  const { recoveryCodes } = await cyd.call('secondFactor.enable', { code: shown })

  const env = { ...workshop.env, CLAVIGER_STATE_DIR: join(workshop.stateDirectory, 'desk') }
  const { link } = await owner.call('members.link', { member: email })
  const changed = [
    [/Link or code/, `${link}\r`],
    [/A password/, `${password}\r`],
    [/The same again/, `${password}\r`],
  ] as const
  const wrong = await onTerminal(['login', '--invitation'], [...changed, [/Code of the app/, '\u0003']], env)
  expect(wrong.exitCode).not.toBe(0)
  const [recovery = ''] = recoveryCodes
  const said = await onTerminal(
    ['login', '--invitation'],
    [...changed, [/Code of the app/, '000000\r'], [/not right[\s\S]*Code of the app/, `${recovery}\r`]],
    env,
  )
  expect(said).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`as ${email} (member)`) })
  expect(said.stdout + said.stderr).not.toContain(recovery)
})

test('login --approve shows who asks; no turns it away, yes lets it in', async () => {
  const { url } = JSON.parse(readFileSync(join(workshop.stateDirectory, 'server.json'), 'utf8'))
  const client = createClient({ server: url, token: null })
  for (const [answer, exitCode, state] of [
    ['\r', 4, 'denied'],
    ['y', 0, 'approved'],
  ] as const) {
    const { userCode, deviceCode } = await client.call('device.start', { client: 'desk\u001btop' })
    const said = await onTerminal(['login', '--approve', userCode], [[/Let desk.*top in as/, answer]])
    expect(said.exitCode).toBe(exitCode)
    expect(said.stderr).toMatch(/machine: +desk\\+u\{1b\}top[\s\S]*address: +[\w.:]*127\.0\.0\.1/)
    expect((await client.call('device.poll', { deviceCode })).state).toBe(state)
  }
})
