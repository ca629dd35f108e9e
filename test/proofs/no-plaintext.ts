// Proof: no secret is anywhere in the clear, neither on disk nor in what the programs print. One round is one whole life
// of credentials on the command line, with a provider that repeats what it is sent, a server that logs everything and is
// killed in the middle. Where a secret must be, in the answer to its holder, the same search finds it.

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminToken } from './connection.ts'
import { startEchoProvider } from './plaintext/echo-provider.ts'
import { type Life, type Step, wholeLife } from './plaintext/life.ts'
import { createSearch, disguises, type Search } from './plaintext/search.ts'
import { count, type ProofOptions, type ProofResult } from './proof.ts'
import { seededRandom } from './random.ts'
import {
  clavigerCommand,
  type ServerProcess,
  type StartOptions,
  serverEnvironment,
  startServer,
} from './server-process.ts'

const STEP_LIMIT_MS = 60_000

interface Totals {
  steps: number
  secrets: number
  bytes: number
  things: number
  found: number
  controls: number
  upstreamCalls: number
  readonly failures: string[]
}

export async function prove({ rounds, seed, log }: ProofOptions): Promise<ProofResult> {
  const random = seededRandom(seed)
  const totals: Totals = {
    ...{ steps: 0, secrets: 0, bytes: 0, things: 0, found: 0, controls: 0, upstreamCalls: 0 },
    failures: [],
  }
  for (let round = 1; round <= rounds; round += 1) {
    const place = mkdtempSync(join(tmpdir(), 'claviger-proof-plain-'))
    try {
      await liveOnce(place, wholeLife(random), totals)
    } finally {
      rmSync(place, { recursive: true, force: true })
    }
    log(`no plaintext: life ${round} of ${rounds}, ${totals.bytes} bytes searched`)
  }
  return resultOf(rounds, totals)
}

async function liveOnce(place: string, life: Life, totals: Totals): Promise<void> {
  const stateDirectory = join(place, 'state')
  mkdirSync(stateDirectory, { mode: 0o700 })
  const provider = await startEchoProvider()
  const search = createSearch(life.canaries)
  const start: StartOptions = {
    stateDirectory,
    logFile: join(place, 'server.log'),
    variables: {
      CLAVIGER_LOG: 'debug',
      CLAVIGER_ANTHROPIC_URL: provider.url,
      CLAVIGER_OPENAI_API_URL: provider.url,
    },
  }
  const found: string[] = checkSearch(life, search)
  try {
    found.push(...(await liveThrough(start, life, search, totals)))
  } finally {
    await provider.close()
  }
  totals.upstreamCalls += provider.calls()
  totals.secrets += life.canaries.length
  totals.bytes += search.bytes
  totals.things += search.things
  totals.found += found.length
  totals.failures.push(...found)
}

// The search itself can fail: it must find every form of every secret where it was put.
function checkSearch({ canaries }: Life, search: Search): string[] {
  return canaries.flatMap(({ name, text }) =>
    [...disguises(text)]
      .filter(([, bytes]) => search.look('a sample', Buffer.concat([Buffer.from('xy'), bytes])).length === 0)
      .map(([form]) => `the search does not see ${name} (${form})`),
  )
}

async function liveThrough(
  start: StartOptions,
  life: Life,
  search: Search,
  totals: Totals,
): Promise<string[]> {
  const { stateDirectory } = start
  const found: string[] = []
  let server = await startServer(start)
  try {
    for (const [i, step] of life.steps.entries()) {
      const output = await runStep(step, stateDirectory, totals)
      found.push(...search.look(`the output of ${step.words.join(' ')}`, output))
      if (i === 2) await handsOut(server, stateDirectory, search, totals)
      if (i % 10 === 9) found.push(...search.lookBelow(stateDirectory, 'the state directory'))
      if (i !== Math.floor(life.steps.length / 2)) continue
      await server.kill()
      found.push(...search.lookBelow(stateDirectory, 'the state directory after a kill'))
      server = await startServer(start)
    }
    found.push(...search.lookBelow(stateDirectory, 'the state directory'))
    await server.stop()
    found.push(...search.lookBelow(stateDirectory, 'the state directory after the end'))
  } finally {
    await server.kill()
  }
  return [...found, ...search.look('the log of the server', readFileSync(start.logFile))]
}

async function runStep(step: Step, stateDirectory: string, totals: Totals): Promise<Buffer> {
  const [program, ...before] = clavigerCommand()
  const child = spawn(program, [...before, ...step.words], {
    cwd: stateDirectory,
    env: serverEnvironment(stateDirectory),
    stdio: 'pipe',
    timeout: STEP_LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part))
  // A command that refuses before it reads has closed its end.
  child.stdin.on('error', () => undefined)
  child.stdin.end(step.input ?? '')
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const said = Buffer.concat(output)
  totals.steps += 1
  if (exitCode !== (step.exitCode ?? 0)) {
    const line = `claviger ${step.words.join(' ')} ended with ${exitCode}, not ${step.exitCode ?? 0}: ${said}`
    totals.failures.push(line.slice(0, 400))
  }
  return said
}

// The answer to an entitled holder is the one place where a secret has to be.
async function handsOut(
  { url }: ServerProcess,
  stateDirectory: string,
  search: Search,
  totals: Totals,
): Promise<void> {
  const response = await fetch(`${url}/api/v1/leases`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken(stateDirectory)}`, 'content-type': 'application/json' },
    body: '{"harness":"claude"}',
  })
  const found = search.look('the answer to its holder', new Uint8Array(await response.arrayBuffer()))
  totals.controls += found.length
  if (found.length === 0) totals.failures.push('The secret was not found in the answer to its holder.')
}

function resultOf(rounds: number, totals: Totals): ProofResult {
  const { steps, secrets, things, bytes, found, controls, upstreamCalls, failures } = totals
  return {
    what: 'Whole lives of credentials on the command line, then every file and output is searched for them',
    rounds,
    figures: [
      count('commands run', steps),
      count('secrets', secrets),
      count('files and outputs searched', things),
      count('bytes searched', bytes),
      count('calls to a provider that repeats what it is sent', upstreamCalls),
      count('secrets found', found),
      count('found where they have to be', controls),
    ],
    failures: [...failures, ...(upstreamCalls === 0 ? ['The provider was never called.'] : [])],
  }
}
