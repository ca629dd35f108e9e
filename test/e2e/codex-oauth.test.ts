// The real codex program with a login that it does not have: it renews with us, however many of it there are, and the
// refresh token of the login never comes near it.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readRefreshHandle } from '../../src/domain/token.ts'
import { agentPrograms, olderPrograms } from '../agents/install.ts'
import { type CodexWorld, codexWorld } from './codex-world.ts'
import { startToolModel } from './tool-model.ts'

const greeting = 'Hello from the Claviger sandbox.'
const TURN = ['exec', '--skip-git-repo-check', 'say hi']

const VERSIONS = [
  { version: '0.169.0, by auth.json alone', older: false, overrides: false },
  { version: '0.155.1, by variables', older: true, overrides: true },
]

let world: CodexWorld

afterEach(async () => {
  expect(await world.leaks()).toEqual([])
  await world.close()
})

describe.each(VERSIONS)('codex $version', ({ older, overrides }) => {
  let program: string

  beforeAll(async () => {
    program = older ? (await olderPrograms()).codex : (await agentPrograms()).codex
  })

  beforeEach(async () => {
    world = await codexWorld({ program, overrides })
  })

  const turns = (...homes: string[]) => Promise.all(homes.map((home) => world.codex(home, ...TURN)))
  const refused = () => world.sandbox.oauth.revokeAccessToken(world.login().accessToken)
  const upstream = () => world.sandbox.oauth.counters().refreshCalls
  const restore = async () => {
    const restored = await world.claviger(['restore', '--harness', 'codex'])
    expect(restored).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Restored codex OAuth credentials\n'),
    })
  }

  test('a run does a turn, and another after its token was refused', async () => {
    const keep = 'rm -rf "$HOME/seen"; cp -rL "$CODEX_HOME" "$HOME/seen"; env > "$HOME/seen/env"'
    const script = `${program} exec --skip-git-repo-check "say hi" && { ${keep}; }`
    const exec = () => world.claviger(['exec', '--harness', 'codex', '--', 'sh', '-c', script])
    const first = await exec()
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(upstream()).toBe(0)
    expect(await world.leaks()).toEqual([])
    const { tokens } = await world.readLogin('seen')
    expect(tokens).toMatchObject({
      account_id: 'acct-real',
      access_token: world.login().accessToken,
      refresh_token: expect.stringMatching(/^clv_lease_/),
      oauth_provenance: { issuer: `${world.url}/codex` },
    })
    expect(await readFile(join(world.home, 'seen/env'), 'utf8')).not.toContain('CLAVIGER_')

    refused()
    expect(await exec()).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    expect(upstream()).toBe(1)
    expect((await world.readLogin('seen')).tokens).toMatchObject({ access_token: world.login().accessToken })
    expect(await world.credentialState()).toBe('ok')
  })

  // Commands are asked for in another way in older versions.
  const inMidTurn = older ? undefined : test
  inMidTurn?.('a turn goes on whose token is refused in its middle', async () => {
    await restore()
    const dead = new Set<string>()
    const model = await startToolModel('echo done > seen', (authorization) => {
      if (dead.has(authorization)) return false
      if (dead.size === 0) dead.add(authorization)
      return true
    })
    try {
      const words = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', 'go']
      const there = `openai_base_url="${model.url}/backend-api/codex"`
      const ended = await world.codex('.codex', 'exec', '-c', there, ...words)
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('done') })
      expect(await readFile(join(world.home, 'seen'), 'utf8')).toBe('done\n')
      expect([dead.size, upstream()]).toEqual([1, 1])
    } finally {
      await model.close()
    }
  })

  test('four processes in one home are refused at once: all go on, with one renewal', async () => {
    await restore()
    refused()
    const ended = await turns('.codex', '.codex', '.codex', '.codex')
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    expect(upstream()).toBe(1)
    const { tokens } = await world.readLogin('.codex')
    expect(tokens['access_token']).toBe(world.login().accessToken)
    expect(readRefreshHandle(tokens['refresh_token'] ?? '')?.generation).toBe(2)
  })

  test('four copies of a home are refused at once: all go on, with one renewal', async () => {
    await restore()
    const copies = ['a', 'b', 'c', 'd']
    for (const name of copies) await world.copy('.codex', name)
    refused()
    expect((await turns(...copies)).map(({ code }) => code)).toEqual([0, 0, 0, 0])
    expect(upstream()).toBe(1)
    for (const name of copies)
      expect((await world.readLogin(name)).tokens['access_token']).toBe(world.login().accessToken)
  })

  test('a login that was revoked is told in the program’s own words, and by our verdict', async () => {
    await restore()
    world.sandbox.oauth.revokeLogin(world.login().id)
    const [ended] = await turns('.codex')
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('was revoked') })
    expect(upstream()).toBe(1)
    expect(await world.credentialState()).toBe('needs_login')
    const { tokens } = await world.readLogin('.codex')
    const answer = await renew(tokens['refresh_token'] ?? '')
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'refresh_token_invalidated' } } })
    expect(upstream()).toBe(1)
  })

  test('signing out ends the lease and revokes nothing', async () => {
    await restore()
    const { tokens } = await world.readLogin('.codex')
    const held = tokens['refresh_token'] ?? ''
    expect(await renew(held)).toMatchObject({ status: 200 })
    expect(await world.codex('.codex', 'logout')).toMatchObject({ code: 0 })
    expect(await renew(held)).toMatchObject({
      status: 401,
      body: {
        error: {
          code: 'refresh_token_invalidated',
          message: expect.stringContaining('codex signed out'),
        },
      },
    })
    expect(world.login().revoked).toBe(false)
    expect(world.sandbox.requests().map(({ path }) => path)).not.toContain('/openai/oauth/revoke')
    expect(await world.claviger(['exec', '--harness', 'codex', '--', 'codex', ...TURN])).toMatchObject({
      code: 0,
    })
  })
})

async function renew(token: string): Promise<{ status: number; body: unknown }> {
  const question = { grant_type: 'refresh_token', refresh_token: token, refresh_reason: 'proactive_expiry' }
  const response = await fetch(`${world.url}/codex/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  })
  return { status: response.status, body: await response.json() }
}
