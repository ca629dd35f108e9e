// Signing in by device with the real codex program: its own login is taken over by us and its copy is dead, or it never
// had one and uses what our command line signed in to.

import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { agentPrograms, olderPrograms } from '../agents/install.ts'
import { approved } from './approving.ts'
import { type CodexWorld, codexWorld } from './codex-world.ts'
import { run } from './program-run.ts'

const greeting = 'Hello from the Claviger sandbox.'
const TURN = ['exec', '--skip-git-repo-check', 'say hi']

let world: CodexWorld

afterEach(() => world.close())

describe.each([
  { version: '0.169.0', older: false },
  { version: '0.155.1', older: true },
])('codex $version', ({ older }) => {
  let program: string

  beforeAll(async () => {
    program = older ? (await olderPrograms()).codex : (await agentPrograms()).codex
  })

  beforeEach(async () => {
    world = await codexWorld({ program, overrides: older, empty: true })
    world.sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  })

  // What is in the home of the worker afterwards is looked through as well.
  async function turnOfWorker(credential: string): Promise<void> {
    const keep = 'rm -rf "$HOME/seen"; cp -rL "$CODEX_HOME" "$HOME/seen"'
    const script = `${program} ${TURN.slice(0, -1).join(' ')} "say hi" && { ${keep}; }`
    const words = ['exec', '--harness', 'codex', '--credential', credential, '--', 'sh', '-c', script]
    expect(await world.claviger(words)).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    const { tokens } = await world.readLogin('seen')
    expect(tokens['access_token']).toBe(world.login().accessToken)
    expect(tokens['refresh_token']).toMatch(/^clv_lease_/)
    expect(await world.leaks()).toEqual([])
  }

  test('signs in by device; an import takes that over, and its own copy is refused', async () => {
    const laptop = await world.machine('laptop')
    const issuer = ['--experimental_issuer', world.sandbox.issuerUrl]
    const signedIn = await approved(
      world.sandbox,
      laptop.codex('.codex', 'login', '--device-auth', ...issuer),
    )
    expect(signedIn).toMatchObject({ code: 0 })
    const { tokens: own } = await laptop.readLogin('.codex')
    expect(own['refresh_token']).toBe(world.login().refreshToken)
    expect(await laptop.leaks()).toHaveLength(1)

    const imported = await laptop.claviger(['credential', 'import', '--from', 'codex', 'chatgpt'])
    expect(imported).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Imported codex\/oauth chatgpt /),
      stderr: expect.stringContaining('auth.json is dead: a login has one holder'),
    })
    expect(world.sandbox.oauth.counters().refreshCalls).toBe(1)
    expect(world.login().refreshToken).not.toBe(own['refresh_token'])
    await turnOfWorker('chatgpt')
    expect(world.sandbox.oauth.counters().refreshCalls).toBe(1)

    // Signing in, the program revokes what it finds, and this would be the login that the server has now.
    await laptop.copy('.codex', 'old')
    for (const command of removals(imported.stderr)) await run('/bin/sh', ['-c', command], laptop.home, {})
    expect(
      await approved(world.sandbox, laptop.codex('.codex', 'login', '--device-auth', ...issuer)),
    ).toMatchObject({
      code: 0,
    })
    expect(world.sandbox.oauth.logins().map(({ revoked }) => revoked)).toEqual([false, false])

    world.sandbox.oauth.revokeAccessToken(own['access_token'] ?? '')
    expect(await laptop.codex('old', ...TURN)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('your refresh token was already used'),
    })
  })

  // What the program is handed does not depend on how it was come by.
  const once = older ? undefined : test
  once?.('does a turn with what our own command line signed in to by device', async () => {
    const signedIn = await approved(world.sandbox, world.claviger(['codex-login', '--method', 'device']))
    expect(signedIn).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Stored codex\/oauth codex \(org, /),
      stderr: expect.stringContaining('/codex/device on any device and type this code:'),
    })
    await turnOfWorker('codex')
    expect(world.sandbox.oauth.counters().refreshCalls).toBe(0)
  })
})

/** What somebody who imported a login is told to type to be rid of its copy. */
function removals(told: string): string[] {
  return [...told.matchAll(/: (rm .*)/g)].map(([, command = '']) => command)
}
