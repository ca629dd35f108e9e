// Every *.script beside this file, against a real server with an empty state directory. They take long, so that they are
// shared out among files of tests, which run at the same time.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { mismatch, parseScript } from './script.ts'
import { createWorkshop, type Workshop } from './workshop.ts'

const here = import.meta.dirname

export const scripts: readonly string[] = globSync('*.script', { cwd: here }).sort()

/** How many files there are that each run a share of the scripts: scripts-1.test.ts, and so on. */
export const SHARES = 4

/** Call it at the top of the file: each test has a workshop of its own, with a server and a sandbox. */
export function useWorkshop(): () => Workshop {
  let workshop: Workshop
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await startSandbox()
    sandbox.oauth.set({ deviceIntervalSeconds: 1 })
    workshop = await createWorkshop({
      CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl,
      SANDBOX: sandbox.url,
      CODEX: (await agentPrograms()).codex,
      CLAUDE: (await agentPrograms()).claude,
      CLAVIGER_OPENAI_API_URL: sandbox.openaiUrl,
    })
    await workshop.startServer()
  })
  afterEach(async () => {
    await workshop.dispose()
    await sandbox.close()
  })
  return () => workshop
}

export function expectNoValues(workshop: Workshop): void {
  const printed = workshop.printed()
  for (const [name, value] of Object.entries(workshop.values)) {
    expect(printed.includes(value), `${name} was printed`).toBe(false)
  }
  expect(printed).not.toMatch(/clv_(api|enrol|lease)_[0-9A-Za-z]{20}/)
}

/** The tests of one share, from 1. */
export function testScripts(share: number): void {
  const workshopOf = useWorkshop()
  const shared = scripts.filter((_, place) => place % SHARES === share - 1)
  describe('scripts', () => {
    test.each(shared)('%s', { timeout: 300_000 }, async (name) => {
      const workshop = workshopOf()
      const steps = parseScript(readFileSync(join(here, name), 'utf8'))
      expect(steps.length).toBeGreaterThan(0)
      const wrong: string[] = []
      for (const step of steps) {
        const fault = mismatch(step, await workshop.run(step.command))
        if (fault !== null) wrong.push(fault)
      }
      expect(wrong.join('\n\n')).toBe('')
      expectNoValues(workshop)
      expect(await workshop.stopServer()).toBe(0)
    })
  })
}
