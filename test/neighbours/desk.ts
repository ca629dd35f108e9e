// What `npm run openclaw` works with: a temporary folder with an empty home, the two programs in it, and a record of whatever
// they tried to contact outside of this machine.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AgentPlace, placeOf } from '../../src/profiles/place.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'

export const OPENCLAW = join(import.meta.dirname, 'openclaw')
const CLAVIGER = join(import.meta.dirname, '../../bin/claviger')
const GUARD = pathToFileURL(join(import.meta.dirname, 'no-network.ts')).href
const TIMEOUT_MS = 120_000

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One state directory, which both programs are given as their own. */
export interface House {
  readonly stateDirectory: string
  readonly main: AgentPlace
  claviger(words: readonly string[], input?: string, heard?: (text: string) => void): Promise<Ran>
  openclaw(words: readonly string[], input?: string): Promise<Ran>
  /** Runs this inside of OpenClaw, with `sdk` (its agent-runtime) and `agentDir`; what it returns is the result. */
  within(source: string): Promise<unknown>
}

export interface Desk {
  readonly sandbox: Sandbox
  house(name: string): House
  /** What was contacted outside of this machine. */
  contacts(): string[]
  close(): Promise<void>
}

export async function openDesk(): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'claviger-openclaw-'))
  const sandbox = await startSandbox()
  sandbox.oauth.set({ deviceIntervalSeconds: 1 })
  const contacts = join(folder, 'contacts')
  return {
    sandbox,
    house: (name) => houseIn(join(folder, name), sandbox, contacts),
    contacts: () => (existsSync(contacts) ? readFileSync(contacts, 'utf8').trim().split('\n') : []),
    async close() {
      await sandbox.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function houseIn(home: string, sandbox: Sandbox, contacts: string): House {
  const stateDirectory = join(home, 'state')
  const main = placeOf(stateDirectory, 'main')
  const nothing = join(home, 'bin')
  for (const directory of [nothing, main.directory]) mkdirSync(directory, { recursive: true, mode: 0o700 })
  const common = {
    ...{ HOME: home, TMPDIR: home, TERM: 'dumb', NO_COLOR: '1' },
    ...{ CONTACTS: contacts, NODE_OPTIONS: `--import=${GUARD}` },
  }
  // It finds no program that it could install anything with.
  const theirs = { ...common, PATH: nothing, OPENCLAW_STATE_DIR: stateDirectory }
  const ours = {
    ...{ ...common, PATH: '/usr/bin:/bin', CLAVIGER_STATE_DIR: stateDirectory },
    CLAVIGER_OPENAI_ISSUER: sandbox.issuerUrl,
  }
  const node = process.execPath
  return {
    ...{ stateDirectory, main },
    claviger: (words, input, heard) => run(CLAVIGER, words, { env: ours, cwd: home, input, heard }),
    openclaw: (words, input) =>
      run(node, [join(OPENCLAW, 'node_modules/openclaw/openclaw.mjs'), ...words], {
        ...{ env: theirs, cwd: home, input },
      }),
    async within(source) {
      const answer = join(home, 'answer.json')
      const program = `
        import { writeFileSync } from 'node:fs'
        import * as sdk from 'openclaw/plugin-sdk/agent-runtime'
        const agentDir = ${JSON.stringify(main.directory)}
        const work = async () => { ${source} }
        writeFileSync(${JSON.stringify(answer)}, JSON.stringify((await work()) ?? null))
        process.exit(0)`
      rmSync(answer, { force: true })
      const { code, stderr } = await run(node, ['--input-type=module', '-e', program], {
        ...{ env: theirs, cwd: OPENCLAW },
      })
      if (code !== 0) throw new Error(`OpenClaw ended with ${code}: ${stderr}`)
      return JSON.parse(readFileSync(answer, 'utf8'))
    },
  }
}

interface Running {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly input?: string | undefined
  readonly heard?: ((text: string) => void) | undefined
}

function run(program: string, words: readonly string[], running: Running): Promise<Ran> {
  const { env, cwd, input = '', heard } = running
  const child = spawn(program, words, { env, cwd, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    heard?.(stderr)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** The JSON that a program has printed. Throws with what it said where it has failed. */
export function jsonOf({ code, stdout, stderr }: Ran): Record<string, unknown> {
  if (code !== 0) throw new Error(`It ended with ${code}: ${stdout}${stderr}`)
  return JSON.parse(stdout)
}

/** A file as it is, as JSON. */
export function fileIn(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** Changes a file as a person would with an editor. */
export function edit(path: string, change: (json: Record<string, unknown>) => object): void {
  writeFileSync(path, `${JSON.stringify(change(fileIn(path)), null, 2)}\n`, { mode: 0o600 })
}
