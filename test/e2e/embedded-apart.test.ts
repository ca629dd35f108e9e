// The worker of `claviger serve` as another user of the machine, with the real codex program: it serves everybody, and what
// its agents look for they cannot read. Needs root, as the server does for it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  copyFile,
  cp,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { Secret } from '../../src/domain/secret.ts'
import { agentPrograms } from '../agents/install.ts'
import { startToolModel, type ToolModel } from './tool-model.ts'

// The sources may lie where only their owner gets to.
const BUNDLE = join(import.meta.dirname, '../../dist')
const NOBODY = 65_534
const OWN = 'claviger-test-own-secret-of-the-server'
const isRoot = process.getuid?.() === 0

let root: string
let model: ToolModel | null = null
let server: ChildProcess | null = null
let logged = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'claviger-apart-'))
  await chmod(root, 0o755)
  logged = ''
})

afterEach(async () => {
  await end('SIGTERM')
  await model?.close()
  model = null
  await rm(root, { recursive: true, force: true })
})

/** Where every user of the machine finds it. */
async function everybodys(path: string): Promise<string> {
  const to = join(root, 'programs', path.split('/').at(-1) ?? '')
  await mkdir(dirname(to), { recursive: true })
  await link(path, to).catch(() => copyFile(path, to))
  return to
}

async function serve(
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null }> {
  const node = await everybodys(process.execPath)
  const program = join(root, 'programs/dist')
  await cp(BUNDLE, program, { recursive: true })
  await writeFile(join(program, 'package.json'), '{"type":"module"}')
  const child = spawn(node, [join(program, 'claviger.js'), 'serve', '--port', '0'], {
    env: {
      ...{
        PATH: '/usr/bin:/bin',
        HOME: root,
        CLAVIGER_STATE_DIR: join(root, 'state'),
        CLAVIGER_LOG: 'debug',
      },
      ...{ SERVER_SECRET: OWN, ...environment },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    logged += text
  })
  server = child
  await vi.waitUntil(() => said.includes('\n') || child.exitCode !== null, 30_000)
  return { code: child.exitCode }
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const child = server
  server = null
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

async function homeOfNobody(codexHome: string): Promise<string> {
  const home = join(root, 'home')
  await mkdir(join(home, '.codex'), { recursive: true })
  await writeFile(join(home, '.codex/config.toml'), codexHome)
  for (const path of ['', '.codex', '.codex/config.toml']) await chown(join(home, path), NOBODY, NOBODY)
  await chmod(home, 0o700)
  return home
}

async function clientFor(token?: string) {
  const admin = (await readFile(join(root, 'state/admin.token'), 'utf8')).trim()
  const { url } = JSON.parse(await readFile(join(root, 'state/server.json'), 'utf8')) as { url: string }
  return createClient({ server: url, token: new Secret(token ?? admin) })
}

function workerPid(): number {
  const line = logged.split('\n').find((one) => one.includes('carries out runs as another user'))
  return Number((JSON.parse(line ?? '{}') as { pid?: number }).pid)
}

it.runIf(isRoot)(
  'serves everybody, in a process that has nothing of the server',
  async () => {
    const look = `id -u; id -G; cat ${root}/state/master.key; cat ${root}/state/embedded-apart.token; env | grep -c ${OWN}; true`
    model = await startToolModel(look)
    const { codex } = await agentPrograms()
    const program = await everybodys(codex)
    await everybodys(join(dirname(codex), 'codex-code-mode-host'))
    const home = await homeOfNobody('check_for_update_on_startup = false\n[analytics]\nenabled = false\n')
    await serve({
      ...{ CLAVIGER_EMBEDDED_WORKER_USER: 'nobody', CLAVIGER_EMBEDDED_WORKER_HOME: home },
      CLAVIGER_CODEX_BIN: program,
    })
    const client = await clientFor()
    // Somebody else is there, whom the worker inside of a server would not serve any more.
    await client.call('organizations.create', { name: 'Other', owner: 'bob@example.test' })
    const owner = 'org' as const
    await client.call('credentials.create', {
      ...{ type: 'codex/api-key', name: 'key', owner },
      fields: { key: 'sk-test-embedded-apart-0001', baseUrl: `${model.url}/v1` },
    })
    const { id } = await client.call('runs.create', {
      harness: 'codex',
      prompt: 'look around',
      access: 'full',
    })
    await vi.waitFor(
      async () => {
        const { state, reason, messages } = await client.call('runs.read', { id })
        if (state !== 'ready' || messages[0]?.state !== 'done')
          throw new Error(`${state} ${reason}\n${logged}`)
      },
      { timeout: 90_000, interval: 200 },
    )
    const { worker } = await client.call('runs.read', { id })
    expect(worker).toMatchObject({ name: 'embedded-apart' })
    const events = await eventsOf(client.server, id)
    const output = events.split('\n').find((line) => line.includes('"tool-result"')) ?? ''
    expect(output).toContain(`${NOBODY}\\n${NOBODY}\\n`)
    expect(output.match(/Permission denied/g)).toHaveLength(2)
    expect(output).toMatch(/\\n0\\n/)

    const pid = workerPid()
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8')
    expect(environ).not.toContain(OWN)
    const open = await Promise.all(
      (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
    )
    expect(open.filter((path) => path.startsWith(join(root, 'state')))).toEqual([])
    expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^Groups:\s*$/m)
    await end('SIGKILL')
    await vi.waitUntil(() => !existsSync(`/proc/${pid}`), 20_000)
  },
  180_000,
)

it.runIf(isRoot)(
  'is started again when it ended, and ends with the server',
  async () => {
    const program = await everybodys((await agentPrograms()).codex)
    const home = await homeOfNobody('')
    await serve({
      ...{ CLAVIGER_EMBEDDED_WORKER_USER: String(NOBODY), CLAVIGER_EMBEDDED_WORKER_HOME: home },
      CLAVIGER_CODEX_BIN: program,
    })
    await vi.waitUntil(() => logged.includes('Carrying out runs of Codex'), 30_000)
    const first = workerPid()
    process.kill(first, 'SIGKILL')
    await vi.waitUntil(() => logged.includes('the embedded worker has ended (by a signal)'), 10_000)
    logged = ''
    await vi.waitUntil(() => logged.includes('Carrying out runs of Codex'), 40_000)
    const second = workerPid()
    expect(second).not.toBe(first)
    await end('SIGTERM')
    expect(existsSync(`/proc/${second}`)).toBe(false)
  },
  120_000,
)

it.runIf(isRoot).each([
  ['no-such-user-here', 'This machine has no user no-such-user-here.'],
  ['root', 'root is root, which can read whatever the server can.'],
  ['; id', 'This machine has no user ; id.'],
])(
  'is refused as %s, before the server starts',
  async (name, message) => {
    const { code } = await serve({ CLAVIGER_EMBEDDED_WORKER_USER: name })
    expect(code).toBe(2)
    expect(logged).toContain(message)
  },
  60_000,
)

async function eventsOf(url: string, id: string): Promise<string> {
  const token = (await readFile(join(root, 'state/admin.token'), 'utf8')).trim()
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
  return (await fetch(`${url}/api/v1/runs/${id}/events?follow=false`, { headers })).text()
}
