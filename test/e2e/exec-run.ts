// Starts the exec driver as a process and reads what it logged: for the tests of the runner and of real programs.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { programFile } from '../support/programs.ts'
import type { ExecEvent, ExecSpecification } from './exec-driver.ts'

/** What the sandbox answers to everything. */
export const greeting = 'Hello from the Claviger sandbox.'

/** Keeps claude from calling anybody but the address it is given, and from trying for long. */
export const quiet = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_MAX_RETRIES: '2',
  AWS_EC2_METADATA_DISABLED: 'true',
}

const DRIVER = programFile('exec-driver')
const TIME_LIMIT_MS = 50_000
const PIPES_LIMIT_MS = 1_000

/** A machine for one test: a home, a working directory, a state directory and a place for programs. */
export type TestMachine = {
  readonly home: string
  readonly work: string
  readonly state: string
  readonly bin: string
  /** Writes a file under the home directory. */
  write(path: string, text: string, mode?: number): Promise<void>
  read(path: string): Promise<string>
  /** Claude's settings of the working directory: those of a project that may be hostile. */
  writeProject(settings: object): Promise<void>
  /** A shell script on PATH. */
  program(name: string, script: string): Promise<void>
  /** Writes the specification of an exec, for a test that starts it in its own way. */
  prepare(spec: Partial<ExecSpecification>): Promise<{ readonly file: string; readonly log: string }>
  start(spec: Partial<ExecSpecification>): Promise<StartedExec>
  /** Starts and waits for the end. */
  run(spec: Partial<ExecSpecification>): Promise<FinishedExec>
  /** Private directories that are there now. */
  runs(): Promise<string[]>
  remove(): Promise<void>
}

export type StartedExec = {
  readonly child: ChildProcess
  /** Standard output so far. */
  output(): string
  events(): Promise<ExecEvent[]>
  readonly finished: Promise<FinishedExec>
}

export type FinishedExec = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly reports: readonly string[]
  readonly released: readonly string[]
  readonly failed: { readonly code: string; readonly message: string; readonly hint: string } | undefined
}

/** Makes an empty machine. Call `remove` when done. */
export async function testMachine(): Promise<TestMachine> {
  const root = await mkdtemp(join(tmpdir(), 'claviger-exec-'))
  const [home, work, state, bin] = ['home', 'work', 'state', 'bin'].map((name) => join(root, name))
  if (home === undefined || work === undefined || state === undefined || bin === undefined) throw new Error()
  for (const directory of [home, work, bin]) await mkdir(directory)
  let count = 0
  const machine: TestMachine = {
    home,
    work,
    state,
    bin,
    async write(path, text, mode = 0o600) {
      await mkdir(join(home, path, '..'), { recursive: true })
      await writeFile(join(home, path), text, { mode })
    },
    read: (path) => readFile(join(home, path), 'utf8'),
    async writeProject(settings) {
      await mkdir(join(work, '.claude'), { recursive: true })
      await writeFile(join(work, '.claude/settings.json'), JSON.stringify(settings))
    },
    program: (name, script) => writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 }),
    async prepare(spec) {
      count += 1
      const log = join(root, `log-${count}`)
      await writeFile(log, '')
      const environment = { PATH: `${bin}:/usr/bin:/bin`, HOME: home, TERM: 'dumb', ...spec.environment }
      const whole = { ...defaults(machine, log), ...spec, environment }
      const file = join(root, `spec-${count}.json`)
      await writeFile(file, JSON.stringify(whole))
      return { file, log }
    },
    async start(spec) {
      const { file, log } = await machine.prepare(spec)
      return started(file, log, spec.driverDirectory)
    },
    run: async (spec) => (await machine.start(spec)).finished,
    runs: () => readdir(join(state, 'runs')),
    remove: () => rm(root, { recursive: true, force: true }),
  }
  return machine
}

function defaults({ work, state }: TestMachine, log: string): ExecSpecification {
  return {
    harness: 'claude',
    command: ['claude', '-p', 'say hi'],
    environment: {},
    cwd: work,
    stateDirectory: state,
    credential: { type: 'claude/api-key', fields: { key: 'sk-ant-test-right' } },
    log,
  }
}

function started(file: string, log: string, cwd: string = process.cwd()): StartedExec {
  const child = spawn(process.execPath, [DRIVER, file], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr]: [string[], string[]] = [[], []]
  child.stdout.on('data', (part: Buffer) => stdout.push(String(part)))
  child.stderr.on('data', (part: Buffer) => stderr.push(String(part)))
  const events = async (): Promise<ExecEvent[]> =>
    (await readFile(log, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  const finished = ended(child).then(async ({ code, signal }) => {
    const all = await events()
    return {
      code,
      signal,
      stdout: stdout.join(''),
      stderr: stderr.join(''),
      reports: all.flatMap((event) => ('report' in event ? [event.report] : [])),
      released: all.flatMap((event) => ('released' in event ? [event.released] : [])),
      failed: all.flatMap((event) => ('failed' in event ? [event.failed] : []))[0],
    }
  })
  return { child, output: () => stdout.join(''), events, finished }
}

// A program that was left behind would hold the pipes open: then what it has said so far must do.
async function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const closed = once(child, 'close')
  const [code, signal] = await once(child, 'exit')
  await Promise.race([closed, sleep(PIPES_LIMIT_MS, undefined, { ref: false })])
  return { code, signal }
}
