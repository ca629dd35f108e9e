// A renewal by the real claude program that outlives the process which began it: it goes on without anybody to talk to, and
// what it writes is found.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claudeProgram } from '../../src/providers/claude-program.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'

let directory: string
let sandbox: Sandbox

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claviger-left-'))
  sandbox = await startSandbox({ tls: { directory } })
})
afterEach(async () => {
  await sandbox.close()
  await rm(directory, { recursive: true, force: true })
})

test('the login of a killed process is taken over from its program', async () => {
  const settings = {
    program: (await agentPrograms()).claude,
    directory: join(directory, 'homes'),
    environment: { HTTPS_PROXY: sandbox.tls?.proxyUrl, NODE_EXTRA_CA_CERTS: sandbox.tls?.caFile },
  }
  const made = sandbox.oauth.login({ provider: 'anthropic' })
  const src = new URL('../../src/', import.meta.url).href
  const script = join(directory, 'begin.ts')
  await writeFile(
    script,
    `import { claudeProgram } from '${src}providers/claude-program.ts'
     import { Secret } from '${src}domain/secret.ts'
     const refresh = new Secret(${JSON.stringify(made.refreshToken)})
     const scopes = ['user:inference', 'user:profile']
     await claudeProgram(${JSON.stringify(settings)}).renew({ refresh, scopes, note: 'of a test' })`,
  )
  sandbox.oauth.teach({ kind: 'hang' })
  const victim = spawn(process.execPath, [script], { stdio: 'ignore' })
  const gone = once(victim, 'exit')
  await sandbox.oauth.untilHeld()
  victim.kill('SIGKILL')
  await gone

  const claude = claudeProgram(settings)
  const [left, ...others] = await claude.leftBehind()
  expect(others).toEqual([])
  expect(left?.note).toBe('of a test')
  const answer = left?.answer()
  sandbox.oauth.release()
  const file = await answer
  const reading = file && claude.read(file)
  const view = sandbox.oauth.logins().find(({ id }) => id === made.id)
  expect(reading?.login?.refresh.expose()).toBe(view?.refreshToken)
  expect(view?.refreshToken).not.toBe(made.refreshToken)
  await left?.remove()
  expect(await claude.leftBehind()).toEqual([])
})
