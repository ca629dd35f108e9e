// Proof: a fleet of machines that starts when its login has ended makes one renewal. A round: fifty processes `claviger
// restore --wait`, each on a home directory of its own, over three servers on one Postgres; the provider answers when all
// of them are waiting. Then the same while the provider is down: they wait, and all are restored when it is back.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { adminToken } from '../connection.ts'
import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { clavigerCommand, type ServerProcess, startServer } from '../server-process.ts'
import { inTime } from '../waiting.ts'
import { type Ground, prepareGround } from './ground.ts'

const MACHINES = 50
const SERVERS = 3

// Until all of them have been started, on any machine.
const WITHIN_MS = 240_000

// A call that is held until those who come last are there.
const PATIENT = { CLAVIGER_RENEW_TIMEOUT_SECONDS: '120', CLAVIGER_RENEW_LEASE_SECONDS: '360' }

// The provider asks to be left in peace for so long, in seconds.
const RETRY_AFTER = 2

interface Totals {
  restored: number
  renewals: number
  /** Said that they wait. */
  waited: number
  restoredLater: number
  renewalsLater: number
  /** Of the provider while it was down, and those it may have had. */
  refused: number
  mayBeRefused: number
}

export async function prove({ rounds, log }: ProofOptions): Promise<ProofResult> {
  const failures: string[] = []
  const totals: Totals = {
    ...{ restored: 0, renewals: 0, waited: 0, restoredLater: 0, renewalsLater: 0 },
    ...{ refused: 0, mayBeRefused: 0 },
  }
  const ground = await prepareGround('postgres', SERVERS)
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const fail = (what: string) => failures.push(`round ${round}: ${what}`)
      await whenAllAreThere(ground, totals, fail)
      await whileItIsDown(ground, totals, fail)
      log(`restores: round ${round} of ${rounds}`)
    }
  } finally {
    await ground.close()
  }
  const figures = [
    count('machines restored', totals.restored),
    count('calls of the provider for them', totals.renewals),
    count('machines that waited for a provider that is down', totals.waited),
    count('restored when it was back', totals.restoredLater),
    count('calls that it granted then', totals.renewalsLater),
    count('calls while it was down', totals.refused),
    count('calls it may have had by its own Retry-After', totals.mayBeRefused),
  ]
  const what =
    'Fifty machines on three servers and one Postgres restore a login that has ended, also while its provider is down'
  return { what, rounds, figures, failures }
}

type Fail = (what: string) => void

async function whenAllAreThere(ground: Ground, totals: Totals, fail: Fail): Promise<void> {
  const { oauth } = ground.sandbox
  const login = await ground.login(-60_000)
  oauth.resetCounters()
  oauth.teach({ kind: 'hang' }, { times: 1 })
  const fleet = await launchFleet(ground, login.id, PATIENT)
  try {
    await inTime(oauth.untilHeld(), 'a call that is held')
    await fleet.allConnected()
    oauth.release()
    totals.restored += await fleet.restored(tokenOf(ground, login.login), fail)
    const { tokenCalls } = oauth.counters()
    totals.renewals += tokenCalls
    if (tokenCalls !== 1) fail(`${tokenCalls} calls of the provider for ${MACHINES} machines`)
  } finally {
    oauth.clearFaults()
    oauth.release({ drop: true })
    await fleet.end()
    await ground.remove(login)
  }
}

async function whileItIsDown(ground: Ground, totals: Totals, fail: Fail): Promise<void> {
  const { oauth } = ground.sandbox
  const login = await ground.login(-60_000)
  oauth.resetCounters()
  oauth.teach({ kind: 'status', status: 503, retryAfter: String(RETRY_AFTER) })
  const started = performance.now()
  const fleet = await launchFleet(ground, login.id)
  try {
    await fleet.allWait()
    const away = (performance.now() - started) / 1_000
    oauth.clearFaults()
    const { tokenCalls: refused } = oauth.counters()
    totals.waited += MACHINES
    totals.restoredLater += await fleet.restored(tokenOf(ground, login.login), fail)
    const { granted } = oauth.counters()
    // It asks to be left in peace each time; the first call was made when the first server started.
    const most = 2 + Math.ceil(away / RETRY_AFTER)
    totals.renewalsLater += granted
    totals.refused += refused
    totals.mayBeRefused += most
    if (granted !== 1) fail(`${granted} renewals when the provider was back`)
    if (refused < 1 || refused > most) fail(`${refused} calls of a provider that is down, at most ${most}`)
  } finally {
    oauth.clearFaults()
    await fleet.end()
    await ground.remove(login)
  }
}

function tokenOf({ sandbox }: Ground, login: string): () => string {
  return () => sandbox.oauth.logins().find(({ id }) => id === login)?.accessToken ?? 'none'
}

interface Fleet {
  allConnected(): Promise<void>
  allWait(): Promise<void>
  /** How many have written the current token into an auth.json of their own, when all have ended. */
  restored(current: () => string, fail: Fail): Promise<number>
  end(): Promise<void>
}

interface Machine {
  readonly home: string
  readonly isOver: () => boolean
  readonly said: () => string
  readonly ended: Promise<number | null>
  kill(): void
}

/** Starts the servers, and as many machines at once. */
async function launchFleet(
  { starts }: Ground,
  credential: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Fleet> {
  const place = mkdtempSync(join(tmpdir(), 'claviger-fleet-'))
  const servers = await Promise.all(
    starts.map((start) => startServer({ ...start, variables: { ...start.variables, ...variables } })),
  )
  const machines = Array.from({ length: MACHINES }, (_, i) => {
    const token = adminToken(starts[i % SERVERS]?.stateDirectory ?? '')
    return launchMachine(join(place, `machine-${i}`), servers[i % SERVERS]?.url ?? '', { token, credential })
  })
  return {
    allConnected() {
      const isSo = () => connectionsTo(servers) >= MACHINES || machines.some(({ isOver }) => isOver())
      return until(isSo, 'a fleet that waits')
    },
    allWait() {
      const isSo = () => machines.every(({ said }) => said().includes('waiting_for_credentials'))
      return until(isSo, 'a fleet that says it waits')
    },
    async restored(current, fail) {
      const codes = await Promise.all(machines.map(({ ended }) => ended))
      const whole = machines.filter(({ home }, i) => codes[i] === 0 && holds(home, current()))
      const other = machines.find((machine) => !whole.includes(machine))
      if (other !== undefined)
        fail(`${MACHINES - whole.length} of ${MACHINES} machines not restored: ${other.said()}`)
      return whole.length
    },
    async end() {
      for (const machine of machines) machine.kill()
      for (const server of servers) await server.kill()
      rmSync(place, { recursive: true, force: true })
    },
  }
}

// As a machine with nothing but Agent Swarm's variables. Its program is not there: what was written is looked at here.
function launchMachine(
  home: string,
  url: string,
  { token, credential }: { readonly token: string; readonly credential: string },
): Machine {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const [program, ...words] = clavigerCommand()
  const child = spawn(
    program,
    [...words, 'restore', `--wait=${WITHIN_MS / 1_000}`, '--credential', credential],
    {
      cwd: home,
      env: {
        ...{ PATH: '/usr/bin:/bin', HOME: home, CLAVIGER_CODEX_BIN: '/nowhere/codex' },
        ...{ MCP_BASE_URL: url, API_KEY: token, HARNESS_PROVIDER: 'codex' },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  return {
    home,
    isOver: () => child.exitCode !== null,
    said: () => said,
    ended: once(child, 'close').then(([code]: (number | null)[]) => code ?? null),
    kill: () => void child.kill('SIGKILL'),
  }
}

function holds(home: string, accessToken: string): boolean {
  const file = join(home, '.codex/auth.json')
  const { tokens } = JSON.parse(readFileSync(file, 'utf8')) as { tokens: Record<string, string> }
  const isOurs = tokens['refresh_token']?.startsWith('clv_lease_') === true
  return isOurs && tokens['access_token'] === accessToken && (statSync(file).mode & 0o777) === 0o600
}

// Those that a server has been reached by, from the list of the kernel: 0A is a listener, 01 a connection.
function connectionsTo(servers: readonly ServerProcess[]): number {
  const ports = servers.map(({ url }) =>
    Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0'),
  )
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  return rows.filter(([, local = '', , state]) => state === '01' && ports.includes(local.split(':')[1] ?? ''))
    .length
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = performance.now() + WITHIN_MS
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`There was never ${what}.`)
    await sleep(50)
  }
}
