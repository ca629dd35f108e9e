// The containers of the Dockerfile, without an engine: their entrypoints as process number 1 of an unprivileged user in a
// read-only file system, as container.ts puts it together from what the file says. Needs the build, and root.

import { execFileSync } from 'node:child_process'
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { type Client, createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { canMount } from '../support/mounting.ts'
import { freePort, startPostgres } from '../support/postgres.ts'
import { ROOT } from '../support/programs.ts'
import { MASTER_KEY } from '../support/replicas.ts'
import { configFor } from './codex-machine.ts'
import { type Container, makeVolume, startContainer, untilHealthy } from './container.ts'
import { quiet } from './exec-run.ts'
import { filesWith } from './program-run.ts'
import { claudeFile, codexFile, eventsOf } from './run-world.ts'

const OURS = 65_532
const KEY = 'sk-ant-test-container-key-0001'
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
    const authority = makeVolume(join(root, 'authority'), { user: 0, mode: 0o755 })
    sandbox = await startSandbox({
      // Hosts of Anthropic's that the claude program insists on.
      tls: { directory: authority },
      credentials: [{ provider: 'anthropic', kind: 'api-key', value: KEY }],
    })
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    chownSync(sandbox.tls?.caFile ?? '', OURS, OURS)
    // As Kubernetes leaves a volume: root's, open to the group.
    const state = makeVolume(join(root, 'server-state'), { user: 0, mode: 0o2775 })
    server = await startContainer({
      ...{ target: 'claude', directory: join(root, 'server') },
      volumes: { '/var/lib/claviger': state, '/authority': authority },
      environment: {
        HTTPS_PROXY: sandbox.tls?.proxyUrl ?? '',
        NODE_EXTRA_CA_CERTS: `/authority/${basename(sandbox.tls?.caFile ?? '')}`,
        ...quiet,
        ...{ CLAVIGER_HOST: '127.0.0.1', CLAVIGER_PORT: String(port), CLAVIGER_MASTER_KEY: MASTER_KEY },
        ...{ CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl, CLAVIGER_OPENAI_API_URL: sandbox.openaiUrl },
        // What was imported may be renewed soon after.
        CLAVIGER_RENEW_FORCED_SECONDS: '1',
      },
    })
    await untilHealthy(server)
    token = readFileSync(join(state, 'state/admin.token'), 'utf8').trim()
    client = createClient({ server: url, token: new Secret(token) })
    const owner = `user:${(await client.call('whoami', {})).id}` as const
    const file = codexFile(sandbox.oauth.login({ provider: 'openai' }))
    await client.call('credentials.create', {
      ...{ type: 'claude/api-key', name: 'key', owner, fields: { key: KEY } },
    })
    await client.call('logins.import', { from: 'codex', name: 'chatgpt', owner, file, acceptNotice: true })
  })

  afterAll(async () => {
    await server?.end('SIGKILL')
    await sandbox?.close()
    rmSync(root, { recursive: true, force: true })
  })

  /** A home directory, as Kubernetes leaves an empty one, with what the real Codex needs to find the sandbox. */
  function home(name: string): string {
    const path = makeVolume(join(root, name), { user: 0, mode: 0o2777 })
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

  it('it renews a login by the unmodified claude program', async () => {
    const owner = `user:${(await client.call('whoami', {})).id}` as const
    const login = sandbox.oauth.login({ provider: 'anthropic' })
    const file = claudeFile(login).replace(/"expiresAt":\d+/, `"expiresAt":${Date.now() - 1_000}`)
    await client.call('logins.import', { from: 'claude', name: 'max', owner, file, acceptNotice: true })
    const { credential } = await client.call('leases.create', { harness: 'claude', credential: 'max' })
    const [now] = sandbox.oauth.logins().filter(({ id }) => id === login.id)
    expect(now?.accessToken).not.toBe(login.accessToken)
    expect(credential).toMatchObject({ generation: 2, suffix: now?.accessToken.slice(-4) })
    await client.call('credentials.delete', { id: credential?.id ?? '' })
  })

  it('what programs leave behind is reaped', async () => {
    // The shell ends first, so the other is handed to process number 1.
    await server.exec(['sh', '-c', 'sleep 0.1 & exit 0'])
    const unreaped = 'cat /proc/[0-9]*/stat | grep -cE "^[0-9]+ \\((sleep|sh)\\)"; true'
    await expect.poll(async () => (await server.exec(['bash', '-c', unreaped])).stdout).toBe('0\n')
  })

  it('a second one on its volume is refused', async () => {
    const second = await startContainer({
      ...{ target: 'bare', directory: join(root, 'second') },
      volumes: { '/var/lib/claviger': join(root, 'server-state') },
      environment: { CLAVIGER_HOST: '127.0.0.1', CLAVIGER_PORT: '0', CLAVIGER_MASTER_KEY: MASTER_KEY },
    })
    const { code, stderr } = await second.ended()
    expect(code).toBe(1)
    expect(stderr).toContain('is using the state directory /var/lib/claviger/state')
  })

  it('another starts on Postgres from the files of deploy/make-secrets.sh', async () => {
    const secrets = join(root, 'secrets')
    execFileSync(join(ROOT, 'deploy/make-secrets.sh'), [secrets])
    expect(readFileSync(join(secrets, 'database-url'), 'utf8')).toBe(
      `postgres://claviger:${readFileSync(join(secrets, 'postgres-password'), 'utf8')}@postgres:5432/claviger\n`,
    )
    expect(() => execFileSync(join(ROOT, 'deploy/make-secrets.sh'), [secrets], { stdio: 'pipe' })).toThrow(
      'nothing was made',
    )
    const postgres = await startPostgres()
    const started = { said: '' }
    try {
      // Where the script names the Postgres of compose.yaml.
      writeFileSync(join(secrets, 'database-url'), `${await postgres.createDatabase()}\n`)
      const { environment } = parse(readFileSync(join(ROOT, 'deploy/compose.yaml'), 'utf8')).services.server
      const { CLAVIGER_DATABASE_URL_FILE, CLAVIGER_MASTER_KEY_FILE } = environment
      for (const [path, name] of [
        [CLAVIGER_DATABASE_URL_FILE, 'database-url'],
        [CLAVIGER_MASTER_KEY_FILE, 'master.key'],
      ])
        renameSync(join(secrets, name), join(secrets, basename(path)))
      const files = { CLAVIGER_DATABASE_URL_FILE, CLAVIGER_MASTER_KEY_FILE }
      const other = await startContainer({
        ...{ target: 'bare', directory: join(root, 'on-postgres') },
        volumes: {
          '/run/secrets': secrets,
          '/var/lib/claviger': makeVolume(join(root, 'other-state'), { user: OURS }),
        },
        environment: { ...files, CLAVIGER_HOST: '127.0.0.1', CLAVIGER_PORT: String(await freePort()) },
      })
      await untilHealthy(other)
      started.said = (await other.exec(['claviger', 'doctor'])).stdout
      expect(await other.end('SIGTERM')).toBe(0)
    } finally {
      await postgres.close()
    }
    expect(started.said).toMatch(/postgres/i)
  }, 120_000)

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
    // As the manifests do it at each start of a pod: a Secret that is gone is not missed.
    const again = await startContainer({ ...worker, directory: join(root, 'again'), entrypoint: enrolment() })
    expect(await again.ended()).toMatchObject({ code: 0, stderr: expect.stringContaining('codex-1') })

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

  it('a worker is enrolled by the code of a Secret', async () => {
    const { stdout: code } = await server.exec(['claviger', 'admin', 'worker', 'enrol', 'codex-2'])
    const secret = makeVolume(join(root, 'code'), { user: OURS })
    writeFileSync(join(secret, 'code'), code)
    const state = makeVolume(join(root, 'pod-state'), { user: 0, mode: 0o2775 })
    const enrolled = await startContainer({
      ...{ target: 'codex', directory: join(root, 'pod'), entrypoint: enrolment() },
      ...{ volumes: { '/var/lib/claviger': state, '/enrol': secret }, environment: { CLAVIGER_SERVER: url } },
    })
    expect(await enrolled.ended()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Enrolled as codex-2'),
    })
  })

  it('restore fills a home directory, in which the unmodified program goes on, and renews by plain http', async () => {
    sandbox.reply(() => GREETING)
    const { initContainers, containers } = manifest('agents.yaml', 'Pod').spec
    const { CLAVIGER_SERVER, ...others } = plainVariables(initContainers[0].env)
    const shared = { target: 'codex', volumes: { '/home/claviger': home('restored') } }
    const restored = await startContainer({
      ...{ target: 'codex', directory: join(root, 'restore'), command: initContainers[0].args },
      volumes: {
        ...shared.volumes,
        '/var/lib/claviger': makeVolume(join(root, 'restore-state'), { user: 0, mode: 0o2777 }),
      },
      environment: {
        ...{ ...others, CLAVIGER_TOKEN: token },
        CLAVIGER_SERVER: CLAVIGER_SERVER?.replace(/:\d+$/, `:${new URL(url).port}`) ?? '',
      },
    })
    expect(await restored.ended()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Restored codex OAuth credentials\n'),
    })
    const file = join(root, 'restored/.codex/auth.json')
    expect(statSync(file)).toMatchObject({ uid: OURS, mode: 0o100600 })
    const before = JSON.parse(readFileSync(file, 'utf8')).tokens
    expect(before.oauth_provenance.issuer).toMatch(/^http:\/\/server\.claviger\.svc:\d+\/codex$/)
    sandbox.oauth.revokeAccessToken(before.access_token)
    const codex = await startContainer({
      ...{ ...shared, directory: join(root, 'restored-codex'), environment: {} },
      entrypoint: containers[0].command,
    })
    expect(await codex.ended()).toMatchObject({ code: 0, stdout: expect.stringContaining(GREETING) })
    expect(JSON.parse(readFileSync(file, 'utf8')).tokens.access_token).not.toBe(before.access_token)
  }, 120_000)

  it('exec is the entrypoint of the program, and nothing of its credential stays', async () => {
    sandbox.reply(() => GREETING)
    const [{ args }] = manifest('agents.yaml', 'Job').spec.template.spec.containers
    const volumes = {
      '/home/claviger': home('executed'),
      '/var/lib/claviger': makeVolume(join(root, 'exec-state'), { user: OURS }),
    }
    const executed = await startContainer({
      ...{ target: 'claude', directory: join(root, 'exec'), volumes, command: args },
      environment: {
        ...{ CLAVIGER_SERVER: url, CLAVIGER_TOKEN: token, ANTHROPIC_BASE_URL: sandbox.anthropicUrl },
        ...quiet,
      },
    })
    expect(await executed.ended()).toMatchObject({ code: 0, stdout: expect.stringContaining(GREETING) })
    for (const name of ['executed', 'exec-state']) expect(await filesWith(join(root, name), KEY)).toEqual([])
  }, 120_000)

  it('the server ends in order at SIGTERM', async () => {
    expect(await server.end('SIGTERM')).toBe(0)
    expect(server.logged()).toContain('Stopping.')
  })
})

/** The first of that kind in a file of deploy/kubernetes. */
function manifest(file: string, wanted: string) {
  const manifests = parseAllDocuments(readFileSync(join(ROOT, 'deploy/kubernetes', file), 'utf8'))
  return manifests.map((one) => one.toJS()).find(({ kind }) => kind === wanted)
}

/** What a container of a manifest is told, without what comes from a Secret. */
function plainVariables(env: readonly { name: string; value?: string }[]): Record<string, string> {
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
}

/** The command of the init container that enrols a worker. */
function enrolment(): string[] {
  return manifest('workers.yaml', 'Deployment').spec.template.spec.initContainers[0].command
}
