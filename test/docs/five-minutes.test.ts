// The first five minutes of README.md, line by line as they stand there, on a machine with an empty home: the real
// programs, a real server, and a sandbox in the place of the providers.

import { readFileSync, symlinkSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { createWorkshop, type Workshop } from '../cli/workshop.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

let workshop: Workshop
let sandbox: Sandbox

beforeAll(async () => {
  const programs = await agentPrograms()
  sandbox = await startSandbox()
  workshop = await createWorkshop({
    CLAVIGER_EMBEDDED_WORKER: 'yes',
    ...{ ANTHROPIC_BASE_URL: sandbox.anthropicUrl, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
  })
  for (const name of ['claude', 'codex'] as const) {
    symlinkSync(programs[name], join(workshop.directory, 'bin', name))
  }
  // The reader stands in a checkout, and codex asks for one.
  expect(await workshop.run('git init --quiet')).toMatchObject({ exitCode: 0 })
  await workshop.startServer()
})

afterAll(async () => {
  await workshop.dispose()
  await sandbox.close()
})

function commandsOf(heading: string): string[] {
  const section = README.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? '')
  return blocks.flatMap((text) => text.split('\n')).filter((line) => line !== '')
}

// What differs from a reader's terminal: where the providers are, and that nobody is there to be asked.
function asTyped(line: string): string {
  const { ANT_KEY = '', OAI_KEY = '' } = workshop.values
  const asked = line.includes('# asks for the key') ? `printf %s '${ANT_KEY}' | ${line}` : line
  const command = asked.replace(/(create codex api-key)/, `$1 --base-url ${sandbox.openaiUrl}`)
  return `export KEY='${OAI_KEY}'\n${command}`
}

test('they work as they stand there', { timeout: 240_000 }, async () => {
  const { ANT_KEY = '', OAI_KEY = '' } = workshop.values
  sandbox.accept({ provider: 'anthropic', kind: 'api-key', value: ANT_KEY })
  sandbox.accept({ provider: 'openai', kind: 'api-key', value: OAI_KEY })
  expect(await readdir(join(workshop.directory, 'home'))).toEqual([])
  const [first, ...commands] = commandsOf('The first five minutes')
  expect(first).toBe('export PATH="$PWD/bin:$PATH"')
  expect(commands.filter((line) => line.includes('claviger')).length).toBe(commands.length)
  expect(commands.filter((line) => line.includes('claviger exec')).length).toBe(2)
  for (const line of commands) {
    const { exitCode, stdout, stderr } = await workshop.run(asTyped(line))
    expect({ line, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({
      line,
      exitCode: 0,
      stderr: '',
    })
    if (line.startsWith('claviger exec') || line.includes('--follow'))
      expect(stdout).toContain('Hello from the Claviger sandbox.')
  }
  const seen = sandbox.requests().filter(({ status, lastUserMessage }) => status === 200 && lastUserMessage)
  const values = seen.map(({ provider, credentials }) => [provider, ...credentials.map(({ value }) => value)])
  expect(values).toContainEqual(['anthropic', ANT_KEY])
  expect(values).toContainEqual(['openai', OAI_KEY])
})
