// The demo as a newcomer runs it: once, whole, and nothing is left of it.

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runAgent } from '../agents/run.ts'

const script = join(import.meta.dirname, '../../scripts/demo.ts')

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-demo-test-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

test('both agents are answered with the credential that was stored for them', async () => {
  const run = await runAgent(process.execPath, [script], directory, { TMPDIR: directory })
  expect(run).toMatchObject({ exitCode: 0, stderr: '' })
  expect(run.stdout.match(/Hello from the Claviger sandbox\./g)).toHaveLength(2)
  expect(run.stdout).toMatch(/The provider saw one credential: my-claude \(…[0-9a-f]{4}\)\./)
  expect(run.stdout).toMatch(/The provider saw one credential: my-codex \(…[0-9a-f]{4}\)\./)
  expect(await readdir(directory)).toEqual([])
})
