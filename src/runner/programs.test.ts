import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Secret } from '../domain/secret.ts'
import { claude } from '../harnesses/claude.ts'
import { askStatus, checkStatus, checkVersion, findCommand, findProgram } from './programs.ts'

let root: string
let program: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-programs-'))
  program = join(root, 'claude')
})

afterEach(() => rm(root, { recursive: true, force: true }))

const environment = { PATH: '/usr/bin:/bin' }
const key = { type: 'claude/api-key', fields: { key: new Secret('sk-ant-test-1') } } as const

async function programThat(script: string): Promise<void> {
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

test('a command is looked up like a shell does', async () => {
  await programThat('exit')
  await mkdir(join(root, 'directory'))
  await writeFile(join(root, 'not-executable'), '')
  const found = (command: string, PATH: string) => findCommand(command, { PATH }, root)
  expect(await found('claude', `/no-such:${root}`)).toBe(program)
  expect(await found('claude', '')).toBe(program)
  expect(await found('./claude', '')).toBe(program)
  expect(await found(program, '')).toBe(program)
  expect(await found('directory', root)).toBeNull()
  expect(await found('not-executable', root)).toBeNull()
  expect(await found('claude', '/usr/bin')).toBeNull()
})

test('the setting names the program, by path or by name', async () => {
  await programThat('exit')
  expect(await findProgram(claude, environment, root, program)).toBe(program)
  expect(await findProgram(claude, { PATH: root }, '/', 'claude')).toBe(program)
  expect(await findProgram(claude, { PATH: root }, '/', '')).toBe(program)
  expect(await findProgram(claude, { PATH: root }, '/', '/no/such')).toBeNull()
})

test.each([
  ['2.1.208 (Claude Code)', true],
  ['2.1.330 (Claude Code)', true],
  ['2.2.0', true],
  ['3.0.0', true],
  ['2.1.207', false],
  ['1.0.128', false],
  ['a build of my own', true],
])('version "%s" is good: %s', async (version, isGood) => {
  await programThat(`echo "${version}"`)
  const checked = checkVersion(claude, program, environment, join(root, 'state'))
  if (isGood) await expect(checked).resolves.toBeUndefined()
  else await expect(checked).rejects.toThrow('is too old: 2.1.208 is needed.')
})

test('the version is asked once, until the file changes', async () => {
  const script = (version: string) => `echo x >> ${root}/asked; echo ${version}`
  const check = () => checkVersion(claude, program, environment, join(root, 'state'))
  await programThat(script('2.1.330'))
  await check()
  await check()
  expect(await readFile(join(root, 'asked'), 'utf8')).toBe('x\n')
  await programThat(script('2.1.3301'))
  await check()
  expect(await readFile(join(root, 'asked'), 'utf8')).toBe('x\nx\n')
})

test('a cache that is broken or cannot be written is no obstacle', async () => {
  await programThat('echo 2.1.330')
  const state = join(root, 'state')
  await mkdir(join(state, 'cache'), { recursive: true })
  await writeFile(join(state, 'cache/programs.json'), 'broken')
  await chmod(join(state, 'cache'), 0o777)
  await expect(checkVersion(claude, program, environment, state)).resolves.toBeUndefined()
})

test('why the program does not see the credential is said in its own last words, no value and no control in them', async () => {
  await programThat(
    `[ "$1" = --version ] && exit 0; printf 'a warning\\n\\033[31mtoken %s or %s refused\\007\\342\\200\\256 by host\\n\\n' sk-ant-test-1 sk-ant-test-1-more >&2; exit 3`,
  )
  const fields = {
    key: new Secret('sk-ant-test-1'),
    more: new Secret('sk-ant-test-1-more'),
    empty: new Secret(''),
  }
  const checked = checkStatus(claude, { type: 'claude/api-key', fields }, program, environment)
  await expect(checked).rejects.toThrow(
    /\(exit 3\): \\u\{1b\}\[31mtoken \(redacted\) or \(redacted\) refused\\u\{7\}\\u\{202e\} by host$/,
  )
  await programThat('[ "$1" = --version ] || exit 1')
  await expect(checkStatus(claude, key, program, environment)).rejects.toThrow(/credential \(exit 1\)\.$/)
})

test('a program that does not start says nothing about a credential', async () => {
  await programThat(`echo 'Error: its other half is missing' >&2; echo 'Or install it again' >&2; exit 1`)
  await expect(checkStatus(claude, key, program, environment)).rejects.toMatchObject({
    code: 'invalid',
    message: 'Claude Code does not start on this machine (exit 1): Error: its other half is missing',
  })
})

test('the status is what the program says; its exit code counts too', async () => {
  await programThat(
    `[ "$1" = --version ] && exit 0; echo '{"loggedIn":true,"authMethod":"api_key"}'; exit "$CODE"`,
  )
  const status = (CODE: string) => checkStatus(claude, key, program, { ...environment, CODE })
  await expect(status('0')).resolves.toBeUndefined()
  await expect(status('1')).rejects.toThrow(
    'Claude Code does not see the claude/api-key credential (exit 1): {"loggedIn":true,"authMethod":"api_key"}',
  )
  await programThat(`echo '{"loggedIn":true,"authMethod":"oauth_token"}'`)
  await expect(status('0')).rejects.toThrow('(sees another one)')
  await programThat('kill -KILL $$')
  expect(await askStatus(claude, program, environment)).toMatchObject({ exitCode: null })
})
