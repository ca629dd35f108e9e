// What only happens on a terminal: masked prompts, questions, and their order. The command line runs in this process on
// streams that say they are terminals, against a real server process.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../../src/cli/cli.ts'
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
async function onTerminal(argv: readonly string[], answers: readonly (readonly [RegExp, string])[]) {
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
    env: workshop.env,
    stdin: stdin as never,
    stdout: stdout as never,
    stderr: stderr as never,
    selfCommand: [],
    startServer: never,
    startSandbox: never,
    offline: never,
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
