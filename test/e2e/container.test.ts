// The containers of the Dockerfile, without an engine: their entrypoints as process number 1 of an unprivileged user in a
// read-only file system, as container.ts puts it together from what the file says. Needs the build, and root.

import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { canMount } from '../support/mounting.ts'
import { freePort } from '../support/postgres.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { configFor } from './codex-machine.ts'
import { type Container, makeVolume, startContainer, untilHealthy } from './container.ts'
import { codexFile, eventsOf } from './run-world.ts'

const OURS = 65_532
const GREETING = 'Hello from the Claviger sandbox.'

describe.runIf(canMount('bind'))('containers', () => {
  let root: string
  let sandbox: Sandbox
  let url: string
  let server: Container
  let client: Client
  let token: string

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'claviger-container-'))
    sandbox = await startSandbox()
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    // As Kubernetes leaves a volume: root's, open to the group.
    const state = makeVolume(join(root, 'server-state'), { user: 0, mode: 0o2775 })
    server = await startContainer({
      ...{ target: 'bare', directory: join(root, 'server'), volumes: { '/var/lib/claviger': state } },
      environment: {
        ...{ CLAVIGER_HOST: '127.0.0.1', CLAVIGER_PORT: String(port), CLAVIGER_MASTER_KEY: MASTER_KEY },
        ...{ CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl, CLAVIGER_OPENAI_API_URL: sandbox.openaiUrl },
      },
    })
    await untilHealthy(server)
    token = readFileSync(join(state, 'state/admin.token'), 'utf8').trim()
    client = createClient({ server: url, token: new Secret(token) })
    const owner = `user:${(await client.call('whoami', {})).id}` as const
    const file = codexFile(sandbox.oauth.login({ provider: 'openai' }))
    await client.call('logins.import', { from: 'codex', name: 'chatgpt', owner, file, acceptNotice: true })
  })

  afterAll(async () => {
    await server?.end('SIGKILL')
    await sandbox?.close()
    rmSync(root, { recursive: true, force: true })
  })

  /** A home directory with what the real Codex needs to find the sandbox. */
  function home(name: string): string {
    const path = makeVolume(join(root, name), { user: OURS })
    mkdirSync(join(path, '.codex'), { mode: 0o700 })
    writeFileSync(join(path, '.codex/config.toml'), configFor(sandbox))
    for (const one of ['.codex', '.codex/config.toml']) chownSync(join(path, one), OURS, OURS)
    return path
  }

  it('the server is process number 1 of a user without rights, and writes to its volume only', async () => {
    const look =
      'id -u; tr "\\0" " " < /proc/1/cmdline; grep -E "^(CapBnd|NoNewPrivs)" /proc/1/status; touch /opt/claviger/x /usr/x /home/claviger/x /var/lib/x'
    const { stdout, stderr } = await server.exec(['sh', '-c', look])
    expect(stdout).toMatch(
      /^65532\n\/usr\/bin\/tini -- \/opt\/claviger\/bin\/claviger serve --no-embedded-worker /,
    )
    expect(stdout).toMatch(/CapBnd:\s0+\n/)
    expect(stdout).toMatch(/NoNewPrivs:\s1\n/)
    expect(stderr.match(/Read-only file system/g)).toHaveLength(4)
    const { mode, uid } = statSync(join(root, 'server-state/state'))
    expect([mode & 0o777, uid]).toEqual([0o700, OURS])
  })

  it('its console is there, and the command line beside it needs no login', async () => {
    const page = await fetch(url, { headers: { accept: 'text/html' } })
    expect(await page.text()).toContain('<div id="root">')
    const said = await server.exec(['claviger', 'whoami'])
    expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining('owner@claviger.local') })
  })

  it('its health check fails where nobody answers', async () => {
    const [, ...rest] = server.image.healthcheck
    const { code } = await server.exec(['env', 'CLAVIGER_PORT=1', 'node', ...rest])
    expect(code).toBe(1)
  })

  it('a worker is enrolled by a code from standard input, does a real turn, and ends in order', async () => {
    const asked = await server.exec(['claviger', 'admin', 'worker', 'enrol', 'codex-1'])
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^clv_enrol_/) })
    const worker = {
      target: 'codex',
      volumes: {
        '/var/lib/claviger': makeVolume(join(root, 'worker-state'), { user: OURS }),
        '/home/claviger': home('worker-home'),
      },
      environment: { CLAVIGER_SERVER: url },
    }
    const enrolled = await startContainer({
      ...{ ...worker, directory: join(root, 'enrol'), stdin: asked.stdout },
      command: ['worker', '--enrol', '--enrol-only'],
    })
    expect(await enrolled.ended()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Enrolled as codex-1'),
    })

    const look = 'id -u; touch /opt/claviger/x; echo made > made.txt; cat made.txt'
    sandbox.reply(({ toolResults }) =>
      toolResults.length > 0
        ? 'I have tried.'
        : [
            {
              type: 'tool',
              namespace: 'functions',
              name: 'exec',
              input: `await tools.exec_command({ cmd: ${JSON.stringify(look)} })`,
            },
          ],
    )
    const running = await startContainer({ ...worker, directory: join(root, 'worker'), command: ['worker'] })
    try {
      const { id } = await client.call('runs.create', { harness: 'codex', prompt: 'Look.', access: 'full' })
      await vi.waitFor(
        async () => {
          const { state, reason, messages } = await client.call('runs.read', { id })
          if (state !== 'ready' || messages[0]?.state !== 'done')
            throw new Error(`${state} ${reason}\n${running.logged()}`)
        },
        { timeout: 90_000, interval: 200 },
      )
      const said = JSON.stringify(await eventsOf(url, token, id))
      expect(said).toContain('65532')
      expect(said).toContain('Read-only file system')
      expect(said).toContain('made')
      expect((await running.exec(['claviger', 'whoami'])).stdout).toContain('codex-1')
    } finally {
      expect(await running.end('SIGTERM')).toBe(0)
    }
  }, 150_000)

  it('restore fills a home directory, in which the unmodified program goes on', async () => {
    sandbox.reply(() => GREETING)
    const shared = { target: 'codex', volumes: { '/home/claviger': home('restored') } }
    const restored = await startContainer({
      ...{
        ...shared,
        directory: join(root, 'restore'),
        command: ['restore', '--harness', 'codex', '--no-ambient'],
      },
      volumes: {
        ...shared.volumes,
        '/var/lib/claviger': makeVolume(join(root, 'restore-state'), { user: 0, mode: 0o2777 }),
      },
      environment: { CLAVIGER_SERVER: url, CLAVIGER_TOKEN: token },
    })
    expect(await restored.ended()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Restored codex OAuth credentials\n'),
    })
    expect(statSync(join(root, 'restored/.codex/auth.json'))).toMatchObject({ uid: OURS, mode: 0o100600 })
    const codex = await startContainer({
      ...{ ...shared, directory: join(root, 'restored-codex'), environment: {} },
      entrypoint: ['/usr/bin/tini', '--', 'codex', 'exec', '--skip-git-repo-check', 'Say hello.'],
    })
    expect(await codex.ended()).toMatchObject({ code: 0, stdout: expect.stringContaining(GREETING) })
  }, 120_000)

  it('exec is the entrypoint of the program, and nothing of its login stays', async () => {
    sandbox.reply(() => GREETING)
    const volumes = {
      '/home/claviger': home('executed'),
      '/var/lib/claviger': makeVolume(join(root, 'exec-state'), { user: OURS }),
    }
    const executed = await startContainer({
      ...{
        target: 'codex',
        directory: join(root, 'exec'),
        volumes,
        environment: { CLAVIGER_SERVER: url, CLAVIGER_TOKEN: token },
      },
      command: [
        'exec',
        '--harness',
        'codex',
        '--no-ambient',
        '--',
        'codex',
        'exec',
        '--skip-git-repo-check',
        'Say hello.',
      ],
    })
    expect(await executed.ended()).toMatchObject({ code: 0, stdout: expect.stringContaining(GREETING) })
    const { code, stdout } = await (
      await startContainer({
        ...{ target: 'codex', directory: join(root, 'after'), volumes, environment: {} },
        entrypoint: [
          'sh',
          '-c',
          'find / -xdev -name auth.json 2> /dev/null; find /home /var/lib/claviger -name auth.json',
        ],
      })
    ).ended()
    expect([code, stdout]).toEqual([0, ''])
  }, 120_000)

  it('the server ends in order at SIGTERM', async () => {
    expect(await server.end('SIGTERM')).toBe(0)
    expect(server.logged()).toContain('Stopping.')
  })
})
