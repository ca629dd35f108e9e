// What runs in the console need beside the server: the sandbox of their providers, and a worker with the real programs.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, vi } from 'vitest'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import type { SandboxCredential } from '../../src/sandbox/credentials.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { agentPrograms } from '../agents/install.ts'
import { configFor } from '../e2e/codex-machine.ts'
import { quiet } from '../e2e/exec-run.ts'
import { MAIN, run } from '../e2e/program-run.ts'
import { launchWorker, type WorkerProcess } from '../e2e/run-world.ts'
import type { ConsoleWorld } from '../support/use-console.ts'

export interface RunsHouse {
  readonly sandbox: Sandbox
  /** For the server. */
  readonly settings: GivenSettings
  /** Enrols a worker and starts it; it is gone with the file. */
  startWorker(world: Pick<ConsoleWorld, 'server' | 'owner'>): Promise<void>
}

export interface HouseOptions {
  /** Claude Code finds the sandbox at the addresses of Anthropic, and its logins are renewed. */
  readonly playsHosts?: true
}

/** Call it before `useConsole`: the server is started with its settings. */
export async function openRunsHouse(
  credentials: readonly SandboxCredential[],
  { playsHosts }: HouseOptions = {},
): Promise<RunsHouse> {
  const home = await mkdtemp(join(tmpdir(), 'claviger-console-runs-'))
  const sandbox = await startSandbox({
    credentials: [...credentials],
    ...(playsHosts && { tls: { directory: home } }),
  })
  const { tls } = sandbox
  const hosts: Record<string, string> =
    tls === null
      ? { ANTHROPIC_BASE_URL: sandbox.anthropicUrl }
      : { HTTPS_PROXY: tls.proxyUrl, NODE_EXTRA_CA_CERTS: tls.caFile }
  // The program with which the server renews logins has them from us.
  if (tls !== null) for (const [name, value] of Object.entries(hosts)) vi.stubEnv(name, value)
  const { claude, codex } = await agentPrograms()
  await mkdir(join(home, '.codex'), { mode: 0o700 })
  await writeFile(join(home, '.codex/config.toml'), configFor(sandbox))
  let worker: WorkerProcess | null = null
  afterAll(async () => {
    await worker?.stop()
    await sandbox.close()
    vi.unstubAllEnvs()
    await rm(home, { recursive: true, force: true })
  })
  return {
    sandbox,
    settings: {
      ...{ anthropicUrl: sandbox.anthropicUrl, openaiApiUrl: sandbox.openaiUrl },
      ...{ openaiIssuer: sandbox.issuerUrl, claudeBin: claude, renewForcedEvery: '1' },
    },
    async startWorker({ server, owner }) {
      const environment = {
        ...{ PATH: '/usr/bin:/bin', HOME: home, TERM: 'dumb', ...quiet },
        ...{ CLAVIGER_SERVER: server.url, CLAVIGER_STATE_DIR: join(home, 'claviger') },
        ...{ CLAVIGER_CLAUDE_BIN: claude, CLAVIGER_CODEX_BIN: codex },
        ...{ ...hosts, CLAVIGER_WORKER_RUNS: '10' },
      }
      const { code } = await owner.call('workers.enrol', { name: 'build-1' })
      const words = [MAIN, 'worker', `--enrol=${code}`, '--enrol-only']
      const enrolled = await run(process.execPath, words, home, environment)
      if (enrolled.code !== 0) throw new Error(enrolled.stderr)
      worker = await launchWorker(home, environment)
    },
  }
}
