// What the proofs of profiles stand on: files of profiles with a login that has ended, of a provider that is the sandbox, and
// real processes that want it.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { GivenSettings } from '../../../src/domain/settings/settings.ts'
import { readLedger } from '../../../src/profiles/ledger.ts'
import { type AgentPlace, placeOf } from '../../../src/profiles/place.ts'
import type { WantedLogin } from '../../../src/sandbox/oauth/oauth.ts'
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts'
import { bundlePrograms } from '../../setup.ts'
import type { LocalAnswer } from '../../support/local-driver.ts'
import { placeWith, textOf, writtenIn } from '../../support/profile-files.ts'
import { PROGRAMS_DIRECTORY, programFile } from '../../support/programs.ts'

/** The login of every machine here. */
export const PROFILE = 'openai-codex:ada@example.com'

export interface LocalGround {
  readonly sandbox: Sandbox
  /** A machine whose main agent has a login that has ended. Nothing of another round is in it. `more`: its settings. */
  machine(rotation?: WantedLogin['settings'], more?: GivenSettings): Machine
  /** Ends every process, also those that are stopped. */
  close(): Promise<void>
}

export interface Machine {
  /** The files of the main agent. */
  readonly main: AgentPlace
  /** Starts a process of this agent; it may never be ready. */
  launch(agent?: string, endsAt?: string): LocalProcess
  /** The access token that the provider takes now. */
  latest(): string
  /** The access token in the file of the main agent. */
  stored(): string
  /** The states of the attempts to renew the login, as they are written down. */
  attempts(): string[]
  /** Ends its processes. */
  end(): Promise<void>
  /** How often its provider was sent a token that was used up. */
  reuses(): number
}

export interface LocalProcess {
  readonly pid: number
  /** Resolves when its profiles are open; throws with what it said when it ended before. */
  readonly ready: Promise<void>
  readonly ended: Promise<void>
  /** So many calls spread over a time; rejects when it ends meanwhile. */
  ask(calls?: number, over?: number): Promise<LocalAnswer[]>
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
}

export async function prepareProfiles(settings: GivenSettings = {}): Promise<LocalGround> {
  const unbundle = process.env[PROGRAMS_DIRECTORY] === undefined ? await bundlePrograms() : () => undefined
  const sandbox = await startSandbox()
  const place = mkdtempSync(join(tmpdir(), 'claviger-proof-profiles-'))
  const processes = new Set<LocalProcess>()
  const endAll = async (some: Iterable<LocalProcess>) => {
    for (const one of some) {
      one.signal('SIGKILL')
      await one.ended
      processes.delete(one)
    }
  }
  let machines = 0
  return {
    sandbox,
    machine(rotation = {}, more = {}) {
      machines += 1
      const stateDirectory = join(place, `machine-${machines}`)
      const login = sandbox.oauth.login({ provider: 'openai', settings: rotation })
      const { accessToken: access, refreshToken: refresh, idToken, account } = login
      const profile = { type: 'oauth', provider: 'openai-codex', access, refresh, idToken }
      const facts = { accountId: account.id, email: account.email, expires: Date.now() - 60_000 }
      const main = placeWith(
        stateDirectory,
        textOf({ version: 1, profiles: { [PROFILE]: { ...profile, ...facts } } }),
      )
      const given = { stateDirectory, openaiIssuer: sandbox.issuerUrl, ...settings, ...more }
      const own: LocalProcess[] = []
      const seen = () => sandbox.oauth.logins().find(({ id }) => id === login.id)
      return {
        main,
        launch(agent = 'main', endsAt) {
          // Others are there already: it is no matter of this proof how they are made.
          mkdirSync(placeOf(stateDirectory, agent).directory, { recursive: true, mode: 0o700 })
          const started = launch([JSON.stringify(given), agent, ...(endsAt === undefined ? [] : [endsAt])])
          own.push(started)
          processes.add(started)
          return started
        },
        stored: () => writtenIn(main).profiles[PROFILE]?.['access'] as string,
        attempts: () =>
          (readLedger(textIn(main.ledger))?.entries ?? []).flatMap(({ attempts }) =>
            attempts.map(({ state }) => state),
          ),
        end: () => endAll(own),
        latest: () => seen()?.accessToken ?? '',
        reuses: () => seen()?.counters.reuseDetections ?? 0,
      }
    },
    async close() {
      await endAll([...processes])
      await sandbox.close()
      rmSync(place, { recursive: true, force: true })
      unbundle()
    },
  }
}

function launch(words: readonly string[]): LocalProcess {
  const PATH = process.env['PATH'] ?? '/usr/bin:/bin'
  const child: ChildProcess = spawn(process.execPath, [programFile('local-driver'), ...words], {
    env: { PATH, HOME: '/nonexistent' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  child.stdin?.on('error', () => undefined)
  const waiting: PromiseWithResolvers<string>[] = []
  let isOver = false
  const next = () => {
    const one = Promise.withResolvers<string>()
    one.promise.catch(() => undefined)
    if (isOver) one.reject(new Error(`It has ended: ${errors}`))
    else waiting.push(one)
    return one.promise
  }
  const ready = next().then(() => undefined)
  // Nobody may have waited for it.
  ready.catch(() => undefined)
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve())).then(() => {
    isOver = true
    for (const one of waiting.splice(0)) one.reject(new Error(`It has ended: ${errors}`))
  })
  return {
    pid: child.pid ?? 0,
    ...{ ready, ended },
    async ask(calls = 1, over = 0) {
      const answer = next()
      child.stdin?.write(`${PROFILE} ${calls} ${over}\n`)
      return JSON.parse(await answer)
    },
    signal: (name) => void (child.exitCode === null && child.signalCode === null && child.kill(name)),
  }
}

/** The text of a file, or empty. */
export function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
