import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CredentialType } from '../domain/credential-types.ts'
import { Secret } from '../domain/secret.ts'
import { claude } from '../harnesses/claude.ts'
import { codex } from '../harnesses/codex.ts'
import type { Harness } from '../harnesses/harness.ts'
import type { AcquiredLease, LeaseRequest } from './lease-source.ts'
import { restoreCredential } from './restore.ts'

let root: string
let asked: LeaseRequest[]

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-restore-'))
  asked = []
})

afterEach(() => rm(root, { recursive: true, force: true }))

function lease(type: CredentialType | null, fields: Readonly<Record<string, string>>): AcquiredLease {
  const secrets = Object.entries(fields).map(([name, value]) => [name, new Secret(value)] as const)
  const common = { id: 'c1', name: 'main', owner: 'org', suffix: 'last', generation: 1 }
  return {
    leaseId: 'lease-1',
    handle: new Secret('handle-test-1'),
    serverUrl: 'http://127.0.0.1:1',
    expiresAt: 0,
    reason: 'it belongs to the organization',
    credential: type === null ? null : { ...common, type, fields: Object.fromEntries(secrets) },
    raw: [],
  }
}

async function restore(
  harness: Harness,
  granted: AcquiredLease,
  program?: string,
  warnings: string[] = [],
): Promise<string[]> {
  const reports: string[] = []
  if (program !== undefined)
    await writeFile(join(root, harness.program), `#!/bin/sh\n${program}\n`, { mode: 0o755 })
  await restoreCredential(
    {
      harness,
      leases: {
        async acquire(request) {
          asked.push(request)
          return granted
        },
        release: () => Promise.reject(new Error('a restored credential stays leased')),
      },
      report: (line) => reports.push(line),
      warn: (line) => warnings.push(line),
    },
    {
      environment: { PATH: `${root}:/usr/bin:/bin`, HOME: root },
      cwd: root,
      stateDirectory: join(root, 'state'),
      request: { team: 'platform' },
      noAmbient: true,
      signal: new AbortController().signal,
    },
  )
  return reports
}

const key = lease('codex/api-key', { key: 'sk-test-1', baseUrl: 'https://gate.example/v1' })
const healthy =
  'if [ "$1" = --version ]; then echo "codex-cli 0.169.0"; else grep -q sk-test-1 ~/.codex/auth.json && echo "API key configured"; fi'

const wroteCodex = () => ['config.toml', 'auth.json'].map((name) => `wrote ${join(root, '.codex', name)}`)

test('writes Codex’s own files, has Codex confirm them, and says so', async () => {
  const reports = await restore(codex, key, healthy)
  expect(reports).toEqual([...wroteCodex(), 'Restored codex API key credentials'])
  expect(JSON.parse(await readFile(join(root, '.codex/auth.json'), 'utf8'))).toMatchObject({
    auth_mode: 'apikey',
    OPENAI_API_KEY: 'sk-test-1',
  })
  expect(await readFile(join(root, '.codex/config.toml'), 'utf8')).toBe(
    'cli_auth_credentials_store = "file"\nopenai_base_url = "https://gate.example/v1"\n',
  )
  for (const [path, mode] of [
    ['.codex', 0o700],
    ['.codex/auth.json', 0o600],
  ] as const) {
    expect((await stat(join(root, path))).mode & 0o777).toBe(mode)
  }
  expect(asked).toEqual([{ harness: 'codex', ambient: 'refused', team: 'platform' }])
})

test('without the program says that nothing was checked', async () => {
  expect(await restore(codex, key)).toEqual([
    ...wroteCodex(),
    'not checked: the codex program is not installed here',
    'Restored codex API key credentials',
  ])
})

test('fails when the program does not see what was written', async () => {
  const program =
    'if [ "$1" = --version ]; then echo "codex-cli 0.169.0"; else echo "Not logged in"; exit 1; fi'
  await expect(restore(codex, key, program)).rejects.toMatchObject({
    code: 'rejected',
    message: 'Codex does not see the codex/api-key credential (exit 1): Not logged in',
  })
})

test('merges Claude Code’s settings', async () => {
  await mkdir(join(root, '.claude'))
  await writeFile(join(root, '.claude/settings.json'), '{"model":"opus"}')
  const reports = await restore(claude, lease('claude/api-key', { key: 'sk-ant-test-1' }))
  expect(reports[0]).toBe(`wrote ${join(root, '.claude/settings.json')}`)
  expect(reports.at(-1)).toBe('Restored claude API key credentials')
  expect(JSON.parse(await readFile(join(root, '.claude/settings.json'), 'utf8'))).toEqual({
    model: 'opus',
    env: { ANTHROPIC_API_KEY: 'sk-ant-test-1' },
  })
})

test('says when a Claude login ends that nothing renews here, and nothing of the kind of others', async () => {
  const warnings: string[] = []
  const login = lease('claude/oauth', { access: 'sk-ant-oat01-test-1', scopes: 'user:inference' })
  const ends = '2026-06-01T08:00:00.000Z'
  await restore(
    claude,
    { ...login, credential: login.credential && { ...login.credential, expiresAt: ends } },
    undefined,
    warnings,
  )
  expect(warnings).toEqual([
    `warning: this login ends at ${ends}, and what was written does not renew itself. Type claviger restore again before then, or start the program with claviger exec, which renews it.`,
  ])
  expect(await readFile(join(root, '.claude/settings.json'), 'utf8')).toContain('sk-ant-oat01-test-1')
  await restore(claude, login, undefined, warnings)
  expect(warnings[1]).toContain('ends within hours')
  await restore(claude, lease('claude/setup-token', { token: 'sk-ant-oat01-test-1' }), undefined, warnings)
  await restore(codex, key, undefined, warnings)
  expect(warnings).toHaveLength(2)
})

test('has nothing to do where the machine’s own login was chosen', async () => {
  expect(await restore(codex, lease(null, {}))).toEqual([
    'Nothing to restore: codex uses what this machine has of its own.',
  ])
  await expect(stat(join(root, '.codex/auth.json'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('refuses a link in the place of a file, and leaves the other files as they are', async () => {
  await mkdir(join(root, '.codex'), { mode: 0o700 })
  const victim = join(root, 'victim')
  await writeFile(victim, '')
  await symlink(victim, join(root, '.codex/auth.json'))
  await expect(restore(codex, key)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('is a symbolic link'),
  })
  expect(await readFile(victim, 'utf8')).toBe('')
  await expect(stat(join(root, '.codex/config.toml'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('refuses a home that is a link or that others can write, before anything is leased', async () => {
  await mkdir(join(root, 'real'), { mode: 0o700 })
  await symlink(join(root, 'real'), join(root, '.codex'))
  await expect(restore(codex, key)).rejects.toMatchObject({
    message: expect.stringContaining('is a symbolic link'),
  })
  await rm(join(root, '.codex'))
  await mkdir(join(root, '.codex'))
  await chmod(join(root, '.codex'), 0o777)
  await expect(restore(codex, key)).rejects.toMatchObject({
    message: expect.stringContaining('can be written by others'),
  })
  expect(asked).toEqual([])
})

test('a malformed file of the user is one clear sentence, and nothing is written', async () => {
  await mkdir(join(root, '.codex'), { mode: 0o700 })
  await writeFile(join(root, '.codex/config.toml'), 'a = ')
  await expect(restore(codex, key)).rejects.toMatchObject({
    message: expect.stringContaining('config.toml is not valid TOML'),
  })
  await expect(stat(join(root, '.codex/auth.json'))).rejects.toMatchObject({ code: 'ENOENT' })
})
