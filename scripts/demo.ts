// `npm run demo`: the real claude and codex programs, one turn each, with credentials that Claviger hands them. A sandbox
// on this machine plays the providers, so it needs no account and calls nobody. Everything lies in a temporary directory
// and is gone afterwards.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fingerprint } from '../src/sandbox/journal.ts'
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts'
import { type AgentPrograms, agentPrograms } from '../test/agents/install.ts'

const ROOT = join(import.meta.dirname, '..')
const PROMPT = 'say hi'
const TURN_LIMIT_MS = 120_000
const READY_WITHIN_MS = 30_000
// Agents that are tried out should not report home or look for updates.
const CODEX_CONFIG = `check_for_update_on_startup = false
[analytics]
enabled = false
[features]
apps = false
plugins = false
`

/** Ends the demo with one sentence. */
class DemoError extends Error {}

interface Stage {
  readonly directory: string
  readonly sandbox: Sandbox
  readonly environment: Readonly<Record<string, string>>
}

interface Turn {
  readonly title: string
  /** The credential's name, value, and the words that store it. */
  readonly name: string
  readonly value: string
  readonly create: readonly string[]
  readonly exec: readonly string[]
}

interface Outcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

async function main(): Promise<number> {
  say('Claviger demo: one turn of Claude Code and one of Codex, with credentials from a Claviger server.')
  say('No account is needed: a sandbox on this machine plays Anthropic and OpenAI.')
  const directory = mkdtempSync(join(tmpdir(), 'claviger-demo-'))
  const ending: (() => Promise<unknown>)[] = []
  const leave = async () => {
    await endTurns()
    for (const end of ending.splice(0).reverse()) await end()
    rmSync(directory, { recursive: true, force: true })
  }
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true
      void leave().then(() => process.exit(130))
    })
  }
  try {
    const stage = await setTheStage(directory, ending)
    const turns = turnsOf(stage)
    for (const turn of turns) await play(turn, stage)
    mustNotBeKept(turns, stage)
    say('\nBoth agents were answered, each with its own credential, and no file of theirs holds it now.')
    say('To go on with your own: npm start')
    return 0
  } catch (thrown) {
    if (interrupted) return 130
    if (!(thrown instanceof DemoError)) throw thrown
    process.stderr.write(`\nThe demo failed: ${thrown.message}\n`)
    return 1
  } finally {
    await leave()
  }
}

async function setTheStage(directory: string, ending: (() => Promise<unknown>)[]): Promise<Stage> {
  const programs = await findPrograms()
  const [bin, home] = [join(directory, 'bin'), join(directory, 'home')]
  const [stateDirectory, temporary] = [join(directory, 'state'), join(directory, 'tmp')]
  for (const path of [bin, join(home, '.codex'), stateDirectory, temporary])
    mkdirSync(path, { recursive: true, mode: 0o700 })
  symlinkSync(programs.claude, join(bin, 'claude'))
  symlinkSync(programs.codex, join(bin, 'codex'))
  writeFileSync(join(home, '.codex/config.toml'), CODEX_CONFIG)
  const sandbox = await startSandbox()
  ending.push(() => sandbox.close())
  const environment = {
    PATH: [bin, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: home,
    TMPDIR: temporary,
    TERM: 'dumb',
    CLAVIGER_STATE_DIR: stateDirectory,
    CLAVIGER_EMBEDDED_WORKER: 'no',
    CLAVIGER_ANTHROPIC_URL: sandbox.anthropicUrl,
    CLAVIGER_OPENAI_API_URL: sandbox.openaiUrl,
    ANTHROPIC_BASE_URL: sandbox.anthropicUrl,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  }
  const server = await startServer(environment, home, ending)
  say(`\nThe server is ready at ${server}, the sandbox at ${sandbox.url}.`)
  return { directory: home, sandbox, environment }
}

async function findPrograms(): Promise<AgentPrograms> {
  const slow = setTimeout(() => {
    say(
      '\nInstalling the agent programs at their pinned versions; only the first time, it takes a minute or two.',
    )
  }, 1_000)
  try {
    return await agentPrograms()
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown)
    throw new DemoError(`the agent programs could not be installed (${why}).`)
  } finally {
    clearTimeout(slow)
  }
}

async function startServer(
  environment: Stage['environment'] & { readonly CLAVIGER_STATE_DIR: string },
  directory: string,
  ending: (() => Promise<unknown>)[],
): Promise<string> {
  const child = start(['serve', '--port', '0'], environment, directory)
  const outcome = outcomeOf(child)
  ending.push(async () => {
    child.kill('SIGTERM')
    await outcome
  })
  const file = join(environment.CLAVIGER_STATE_DIR, 'server.json')
  for (let waited = 0; waited < READY_WITHIN_MS; waited += 20) {
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { url: string }).url
    if (child.exitCode !== null) break
    await sleep(20)
  }
  child.kill('SIGKILL')
  throw new DemoError(`the server did not start: ${lastLine((await outcome).stderr)}`)
}

// Values are made up here and now, so that none can be taken for a real one.
function turnsOf({ sandbox }: Stage): Turn[] {
  const claudeKey = `sk-ant-test-demo-${randomBytes(6).toString('hex')}`
  const codexKey = `sk-test-demo-${randomBytes(6).toString('hex')}`
  sandbox.accept({ provider: 'anthropic', kind: 'api-key', value: claudeKey })
  sandbox.accept({ provider: 'openai', kind: 'api-key', value: codexKey })
  const baseUrl = ['--base-url', sandbox.openaiUrl]
  return [
    {
      title: 'Claude Code',
      name: 'my-claude',
      value: claudeKey,
      create: ['credential', 'create', 'claude', 'api-key', '--personal', '--test', 'my-claude'],
      exec: ['exec', '--harness', 'claude', '--', 'claude', '-p', PROMPT],
    },
    {
      title: 'Codex',
      name: 'my-codex',
      value: codexKey,
      create: ['credential', 'create', 'codex', 'api-key', '--personal', ...baseUrl, '--test', 'my-codex'],
      exec: ['exec', '--harness', 'codex', '--', 'codex', 'exec', '--skip-git-repo-check', PROMPT],
    },
  ]
}

async function play({ title, name, value, create, exec }: Turn, stage: Stage): Promise<void> {
  say(`\n${title}`)
  say(`  $ claviger ${inWords(create)}`)
  const created = await run(create, stage, value)
  if (created.exitCode !== 0)
    throw new DemoError(`the credential was not stored: ${lastLine(created.stderr)}`)
  say(`    ${created.stdout.trim()}`)
  say(`  $ claviger ${inWords(exec)}`)
  const before = stage.sandbox.requests().length
  const turn = await run(exec, stage, '')
  if (turn.exitCode !== 0) {
    throw new DemoError(
      `${title} ended with ${turn.exitCode ?? 'a signal'}: ${lastLine(turn.stderr || turn.stdout)}`,
    )
  }
  const seen = seenBy(stage.sandbox, before)
  if (seen.length !== 1 || seen[0] !== value) {
    throw new DemoError(
      `the provider saw ${seen.map(shortly).join(', ') || 'no credential'}, not ${name} alone.`,
    )
  }
  say(`    ${lastLine(turn.stdout)}`)
  say(`  The provider saw one credential: ${name} (${shortly(value)}).`)
}

/** Every different credential in the requests since `before` that were answered. */
function seenBy(sandbox: Sandbox, before: number): string[] {
  const requests = sandbox.requests().slice(before)
  if (!requests.some((one) => one.status === 200 && one.lastUserMessage === PROMPT)) return []
  return [...new Set(requests.flatMap((one) => one.credentials.map((credential) => credential.value)))]
}

// The agents' home, where they keep logs and sessions.
function mustNotBeKept(turns: readonly Turn[], { directory }: Stage): void {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  for (const { parentPath, name } of entries.filter((entry) => entry.isFile())) {
    const bytes = readFileSync(join(parentPath, name))
    const kept = turns.find(({ value }) => bytes.includes(value))
    if (kept !== undefined)
      throw new DemoError(`${kept.title} has kept ${kept.name} in ${join(parentPath, name)}.`)
  }
}

const turnsUnderWay = new Map<ChildProcess, Promise<Outcome>>() // process → its end

function run(words: readonly string[], { environment, directory }: Stage, input: string): Promise<Outcome> {
  const child = start(words, environment, directory)
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  const limit = setTimeout(() => child.kill('SIGTERM'), TURN_LIMIT_MS)
  const outcome = outcomeOf(child).finally(() => {
    clearTimeout(limit)
    turnsUnderWay.delete(child)
  })
  turnsUnderWay.set(child, outcome)
  return outcome
}

// An agent that still runs would write into what is being removed; exec passes the signal on and waits for it.
async function endTurns(): Promise<void> {
  for (const [child, outcome] of turnsUnderWay) {
    child.kill('SIGTERM')
    await outcome
  }
}

function start(words: readonly string[], env: Readonly<Record<string, string>>, cwd: string): ChildProcess {
  const bundle = join(ROOT, 'dist/claviger.js')
  const program = existsSync(bundle) ? bundle : join(ROOT, 'src/main.ts')
  return spawn(process.execPath, [program, ...words], { cwd, env, stdio: 'pipe' })
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout?.on('data', (part: Buffer) => stdout.push(part))
  child.stderr?.on('data', (part: Buffer) => stderr.push(part))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout: String(Buffer.concat(stdout)), stderr: String(Buffer.concat(stderr)) })
    })
  })
}

function inWords(words: readonly string[]): string {
  return words.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ')
}

function shortly(value: string): string {
  return `…${fingerprint(value).suffix}`
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.exitCode = await main()
