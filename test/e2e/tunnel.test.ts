// A server at the other end of a tunnel, as ssh -L makes one, with another port here than there: the real codex does turns
// and renews through it, and a worker works. Nothing that is handed over names the address that the server has for itself.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agentPrograms } from '../agents/install.ts'
import { digTunnel, type Tunnel } from '../support/tunnel.ts'
import { type CodexWorld, codexWorld } from './codex-world.ts'
import { type RunWorld, runWorld } from './run-world.ts'

const greeting = 'Hello from the Claviger sandbox.'
const TURN = ['exec', '--skip-git-repo-check', 'say hi']

let tunnel: Tunnel

afterEach(() => tunnel.close())

describe('a machine with the real codex', () => {
  let world: CodexWorld

  beforeEach(async () => {
    world = await codexWorld({ program: (await agentPrograms()).codex, overrides: false })
    tunnel = await digTunnel(world.url)
  })

  afterEach(() => world.close())

  const through = (...words: string[]) => world.claviger(words, { CLAVIGER_SERVER: tunnel.url })

  test('is restored, and renews where it was restored from', async () => {
    const restored = await through('restore', '--harness', 'codex')
    expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('Restored codex OAuth') })
    expect(restored.stdout).toContain(`${tunnel.url}/codex/oauth/token`)
    const { tokens } = await world.readLogin('.codex')
    expect(tokens).toMatchObject({ oauth_provenance: { issuer: `${tunnel.url}/codex` } })
    expect(await world.codex('.codex', ...TURN)).toMatchObject({ stdout: expect.stringContaining(greeting) })

    world.sandbox.oauth.revokeAccessToken(world.login().accessToken)
    expect(await world.codex('.codex', ...TURN)).toMatchObject({ stdout: expect.stringContaining(greeting) })
    expect(world.sandbox.oauth.counters().refreshCalls).toBe(1)
    // Where nothing leads to the server any more nothing is renewed, whatever else the machine could reach.
    await tunnel.close()
    world.sandbox.oauth.revokeAccessToken(world.login().accessToken)
    expect(await world.codex('.codex', ...TURN)).toMatchObject({ code: 1 })
    expect(world.sandbox.oauth.counters().refreshCalls).toBe(1)
    tunnel = await digTunnel(world.url)
  }, 60_000)

  test('runs it, and the doctor finds all well', async () => {
    const ran = await through('exec', '--harness', 'codex', '--', 'codex', ...TURN)
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(greeting) })
    const doctor = await through('doctor', '--worker', '--harness', 'codex')
    expect(doctor.stdout).toContain(`ok    server: ${tunnel.url} answers`)
    expect(doctor.stdout).toContain('ok    Codex handed over: the program sees it (codex login status)')
    expect(doctor.code).toBe(0)
    const { fingerprint } = await world.client.call('server.describe', {})
    expect((await through('whoami')).stdout).toMatch(
      new RegExp(`server: +${tunnel.url}\nfingerprint: +${fingerprint}\n`),
    )
    expect(await world.leaks()).toEqual([])
  }, 60_000)
})

describe('a worker', () => {
  let world: RunWorld

  afterEach(() => world.close())

  test('carries out a run, and is listed with the address it uses', async () => {
    world = await runWorld({
      dig: async (server) => {
        tunnel = await digTunnel(server)
        return tunnel.url
      },
    })
    const { fingerprint } = await world.client.call('server.describe', {})
    const worker = await world.startWorker()
    expect(worker.output()).toContain(` for ${tunnel.url} (My organization, fingerprint ${fingerprint}), `)
    await world.signIn('codex', 'chatgpt')
    const { id } = await world.begin({ harness: 'codex', prompt: 'say hi' })
    await world.until(id, ({ state }) => state === 'ready')
    const { workers } = await world.client.call('workers.list', {})
    expect(workers.find(({ name }) => name === 'build-1')).toMatchObject({
      ...{ server: tunnel.url, version: expect.stringMatching(/^\d/), lastSeenAt: expect.any(String) },
    })
  }, 60_000)
})
