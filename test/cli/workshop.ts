// A machine for one test: an empty state directory, a `claviger` on PATH, made-up values, and a server process. Nothing of
// the real machine's environment reaches it.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programFile, SERVER_FLAGS } from '../support/programs.ts'
import { type Ran, runShell } from './script.ts'

const MAIN = programFile('claviger')
const READY_MS = 60_000

export interface Workshop {
  readonly directory: string
  readonly stateDirectory: string
  readonly env: Readonly<Record<string, string>>
  /** Values that no output may show: variable → value. Each ends in four known characters. */
  readonly values: Readonly<Record<string, string>>
  run(command: string): Promise<Ran>
  /** Everything that was printed so far, the server's log included. */
  printed(): string
  startServer(): Promise<void>
  /** Ends it as Ctrl-C does; returns its exit code. */
  stopServer(): Promise<number | null>
  dispose(): Promise<void>
}

/** `more`: variables of the machine, for its server too. */
export async function createWorkshop(more: Readonly<Record<string, string>> = {}): Promise<Workshop> {
  const directory = await mkdtemp(join(tmpdir(), 'claviger-cli-'))
  const stateDirectory = join(directory, 'state')
  const values = madeUpValues()
  const env = {
    PATH: `${join(directory, 'bin')}:/usr/bin:/bin`,
    HOME: join(directory, 'home'),
    CLAVIGER_STATE_DIR: stateDirectory,
    CLAVIGER_EMBEDDED_WORKER: 'no',
    // Nobody is there.
    CLAVIGER_GITHUB_API: 'http://127.0.0.1:1',
    CLAVIGER_LINEAR_API: 'http://127.0.0.1:1',
    LANG: 'C.UTF-8',
    ...values,
    ...more,
  }
  await prepare(directory)
  let printed = ''
  let server: ChildProcess | null = null
  const stopServer = async () => {
    const running = server
    server = null
    if (running === null || running.exitCode !== null) return running?.exitCode ?? null
    running.kill('SIGTERM')
    return new Promise<number | null>((resolve) => {
      running.once('close', resolve)
    })
  }
  return {
    ...{ directory, stateDirectory, env, values, stopServer },
    printed: () => printed,
    async run(command) {
      const ran = await runShell(command, env, join(directory, 'work'))
      printed += ran.stdout + ran.stderr
      return ran
    },
    async startServer() {
      server = await serve(env, (text) => {
        printed += text
      })
    },
    async dispose() {
      await stopServer()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function prepare(directory: string): Promise<void> {
  for (const name of ['bin', 'home', 'work']) await mkdir(join(directory, name), { mode: 0o700 })
  const shim = join(directory, 'bin', 'claviger')
  await writeFile(shim, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`)
  await chmod(shim, 0o755)
}

function serve(env: Readonly<Record<string, string>>, print: (text: string) => void): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...SERVER_FLAGS, MAIN, 'serve', '--port', '0'], { env: { ...env } })
  return new Promise((resolve, reject) => {
    const failed = (reason: string) => {
      child.kill('SIGKILL')
      reject(new Error(`The server did not start: ${reason}`))
    }
    const timer = setTimeout(() => failed('it took too long'), READY_MS)
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
      print(text)
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      print(text)
      if (!text.includes('Claviger is ready: http://127.0.0.1:')) return
      clearTimeout(timer)
      resolve(child)
    })
    child.once('close', () => {
      clearTimeout(timer)
      failed(errors)
    })
  })
}

// Of the right shape and obviously made up, so that a scanner does not take this file for a leak.
function madeUpValues(): Record<string, string> {
  const made = (start: string, end: string) => `${start}${randomBytes(12).toString('hex')}${end}`
  return {
    ANT_KEY: made('sk-ant-test-', 'aaaa'),
    ANT_KEY_2: made('sk-ant-test-', 'bbbb'),
    ANT_KEY_3: made('sk-ant-test-', 'kkkk'),
    OAT: made('sk-ant-oat01-test-', 'cccc'),
    OAI_KEY: made('sk-test-', 'dddd'),
    CODEX_AT: made('at-test-', 'eeee'),
    BEDROCK_KEY: made('ABSKtest', 'ffff'),
    KEY_ID: made('AKIA', '')
      .toUpperCase()
      .replace(/[^A-Z0-9]/g, '0')
      .slice(0, 24)
      .concat('GGGG'),
    KEY_SECRET: made('made-up-secret-', 'hhhh'),
    SESSION: made('made-up-session-', 'iiii'),
    RAW_VALUE: made('hunter2-', 'jjjj'),
  }
}
