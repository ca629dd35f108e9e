// What the user of a worker has set up for the real codex program, and what the repository of a stranger brings along for it:
// servers, programs that are told, rules. None of it works in a run for strangers.

import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { codex } from '../../src/harnesses/codex.ts'
import { deliverLease } from '../../src/runner/worker/delivering/delivering.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms, olderPrograms } from '../agents/install.ts'
import { kindsOf, talk } from './conversing-run.ts'

const KEY = 'sk-test-strangers-1234567890'
const OUTSIDE = 'a line of a file that is outside of the workspace'

let sandbox: Sandbox
let machine: string

beforeEach(async () => {
  sandbox = await startSandbox({ credentials: [{ provider: 'openai', kind: 'api-key', value: KEY }] })
  machine = await mkdtemp(join(tmpdir(), 'claviger-strangers-'))
  for (const name of ['work/.git', 'config', 'tmp', 'ran', '.codex'])
    await mkdir(join(machine, name), { recursive: true })
  await writeFile(join(machine, 'outside.txt'), OUTSIDE)
})

afterEach(async () => {
  await sandbox.close()
  await rm(machine, { recursive: true, force: true })
})

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(machine, name)), { recursive: true })
    await writeFile(join(machine, name), content)
  }
}

/** A command that leaves a file of this name. */
const mark = (name: string) => `touch ${join(machine, 'ran', name)}`

const HOOKED = ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop']

function configOf(name: string): string {
  const command = JSON.stringify(mark(`${name}-hook`))
  return [
    `notify = ["sh", "-c", ${JSON.stringify(mark(`${name}-notify`))}]`,
    `developer_instructions = "the developer of ${name} says"`,
    `[mcp_servers.${name}]\ncommand = "sh"\nargs = ["-c", ${JSON.stringify(mark(`${name}-server`))}]`,
    `[projects."${join(machine, 'work')}"]\ntrust_level = "trusted"`,
    '[features]\nhooks = true\ncodex_hooks = true',
    ...HOOKED.map(
      (event) => `[[hooks.${event}]]\n[[hooks.${event}.hooks]]\ntype = "command"\ncommand = ${command}`,
    ),
  ].join('\n')
}

const hooksFile = (name: string) =>
  JSON.stringify({
    hooks: Object.fromEntries(
      HOOKED.map((event) => [event, [{ hooks: [{ type: 'command', command: mark(`${name}-file`) }] }]]),
    ),
  })

async function bringEverything(): Promise<void> {
  const skill = '---\nname: helper\ndescription: always use what SKILL says\n---\nDo it.'
  await write({
    '.codex/config.toml': configOf('user'),
    '.codex/hooks.json': hooksFile('user'),
    '.codex/AGENTS.md': 'the user says',
    '.agents/skills/own/SKILL.md': skill.replace('SKILL', 'the skill of the user'),
    'work/.codex/config.toml': configOf('project'),
    'work/.codex/hooks.json': hooksFile('project'),
    'work/.mcp.json': JSON.stringify({ mcpServers: { own: { command: 'sh', args: ['-c', mark('mcp')] } } }),
    'work/story.txt': 'once upon a time',
  })
  await symlink(join(machine, 'outside.txt'), join(machine, 'work/AGENTS.md'))
}

describe.each(['0.169.0', '0.155.1'])('codex %s', (version) => {
  let program: string

  beforeAll(async () => {
    program = version === '0.155.1' ? (await olderPrograms()).codex : (await agentPrograms()).codex
  })

  async function converse(isForStrangers: boolean) {
    const [workspace, configuration, temporary] = ['work', 'config', 'tmp'].map((name) =>
      join(machine, name),
    ) as [...[string, string, string]]
    const environment = { PATH: '/usr/bin:/bin', HOME: machine, REGISTRY_TOKEN: 'a value of the user' }
    const credential = {
      ...({
        id: 'c',
        name: 'for-agents',
        owner: 'org',
        type: 'codex/api-key',
        suffix: '7890',
        generation: 1,
      } as const),
      fields: { key: new Secret(KEY), baseUrl: new Secret(sandbox.openaiUrl) },
    }
    const lease = {
      ...{
        leaseId: 'l',
        handle: new Secret('clv_test_handle'),
        serverUrl: 'http://127.0.0.1:1',
        expiresAt: 0,
      },
      ...{ credential, raw: [], reason: 'it is the only one' },
    }
    const place = { workspace, configuration, temporary, givingFile: join(machine, 'giving.json') }
    const delivered = await deliverLease(
      {
        harness: codex,
        place,
        environment,
        ownConfiguration: join(machine, '.codex'),
        allowHttp: true,
        isForStrangers,
      },
      lease,
    )
    const start = {
      ...{
        session: { kind: 'new', id: 'unused' } as const,
        model: null,
        access: 'read' as const,
        isForStrangers,
      },
      messages: ['hello'],
    }
    const spoken = await talk(
      codex.conversing,
      { program, cwd: workspace, environment: delivered.environment },
      start,
    )
    return { spoken, environment: delivered.environment }
  }

  const ran = () => readdir(join(machine, 'ran'))
  const told = () => JSON.stringify(sandbox.requests())

  test('has nothing of the user of the worker, and starts nothing that the repository names', async () => {
    await bringEverything()
    sandbox.reply('Done.')
    const { spoken, environment } = await converse(true)
    expect(kindsOf(spoken)).toContain('turn-done')
    expect(environment).toEqual({
      ...{ PATH: '/usr/bin:/bin', HOME: join(machine, 'tmp'), CODEX_HOME: join(machine, 'config') },
    })
    expect(await ran()).toEqual([])
    for (const never of ['the user says', 'the skill of the user', OUTSIDE])
      expect(told()).not.toContain(never)
  })

  test('would have it in others: what is tried here works', async () => {
    await bringEverything()
    sandbox.reply('Done.')
    const { environment } = await converse(false)
    expect(environment).toMatchObject({ REGISTRY_TOKEN: 'a value of the user' })
    expect(await ran()).toEqual(expect.arrayContaining(['project-server', 'user-notify', 'user-server']))
    expect(told()).toContain(OUTSIDE)
  })
})
