// Every *.script beside this file, against a real server with an empty state directory; and what needs more than a
// script: that nothing printed holds a value, that a restart keeps everything, and that an expired token is refused.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { mismatch, parseScript } from './script.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

const here = new URL('.', import.meta.url).pathname
const scripts = globSync('*.script', { cwd: here }).sort()

let workshop: Workshop
let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox()
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  workshop = await createWorkshop({
    CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl,
    SANDBOX: sandbox.url,
    CODEX: (await agentPrograms()).codex,
    CLAVIGER_OPENAI_API_URL: sandbox.openaiUrl,
  })
  await workshop.startServer()
})

afterEach(async () => {
  await workshop.dispose()
  await sandbox.close()
})

function expectNoValues(): void {
  const printed = workshop.printed()
  for (const [name, value] of Object.entries(workshop.values)) {
    expect(printed.includes(value), `${name} was printed`).toBe(false)
  }
  expect(printed).not.toMatch(/clv_(api|enrol|lease)_[0-9A-Za-z]{20}/)
}

describe('scripts', () => {
  test('are found', () => expect(scripts.length).toBeGreaterThan(4))

  test.each(scripts)('%s', { timeout: 120_000 }, async (name) => {
    const steps = parseScript(readFileSync(join(here, name), 'utf8'))
    expect(steps.length).toBeGreaterThan(0)
    const wrong: string[] = []
    for (const step of steps) {
      const fault = mismatch(step, await workshop.run(step.command))
      if (fault !== null) wrong.push(fault)
    }
    expect(wrong.join('\n\n')).toBe('')
    expectNoValues()
    expect(await workshop.stopServer()).toBe(0)
  })
})

test('a restart keeps what is stored, and an expired token is refused', async () => {
  await workshop.run('printf %s "$ANT_KEY" | claviger secret create claude api-key main')
  await workshop.run('claviger admin tokens create --name short --role member --expires-in 60s > ../token')
  const asToken = 'CLAVIGER_TOKEN=$(cat ../token) claviger whoami'
  expect(await workshop.run(asToken)).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await workshop.stopServer()).toBe(0)

  // A minute passes.
  const database = new DatabaseSync(join(workshop.stateDirectory, 'claviger.db'))
  const changed = database.prepare("update token set expires_at = 1 where name = 'short'").run()
  database.close()
  expect(changed.changes).toBe(1)
  const { url } = JSON.parse(readFileSync(join(workshop.stateDirectory, 'server.json'), 'utf8')) as {
    url: string
  }
  expect((await workshop.run('claviger whoami')).stderr).toContain(`${url} cannot be reached.`)
  // Whatever else listens where a server would.
  expect(await workshop.run('CLAVIGER_SERVER=http://127.0.0.1:1 claviger whoami')).toMatchObject({
    exitCode: 1,
  })

  await workshop.startServer()
  const expired = await workshop.run(asToken)
  expect(expired).toMatchObject({ exitCode: 3, stdout: '' })
  expect(expired.stderr).toContain('The token short has expired.')
  expect((await workshop.run('claviger secret show main')).stdout).toContain('…aaaa')
  expectNoValues()
})
