import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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

test('the status is what the program says; its exit code counts too', async () => {
  await programThat(`echo '{"loggedIn":true,"authMethod":"api_key"}'; exit "$CODE"`)
  const status = (CODE: string) => checkStatus(claude, 'claude/api-key', program, { ...environment, CODE })
  await expect(status('0')).resolves.toBeUndefined()
  await expect(status('1')).rejects.toThrow(
    'Claude Code does not see the claude/api-key credential (exit 1).',
  )
  await programThat(`echo '{"loggedIn":true,"authMethod":"oauth_token"}'`)
  await expect(status('0')).rejects.toThrow('(sees another one)')
  await programThat('kill -KILL $$')
  expect(await askStatus(claude, program, environment)).toMatchObject({ exitCode: null })
})
