// Runs an agent program as a child with nothing of this machine in its environment, and ends it in time.

import { spawn } from 'node:child_process'

const AGENT_TIMEOUT_MS = 50_000

export type AgentRun = {
  /** Null when the program was ended by a signal, as it is when it takes too long. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The environment is `env`, a PATH of system programs, and `directory` as HOME and working directory. */
export function runAgent(
  program: string,
  args: readonly string[],
  directory: string,
  env: Readonly<Record<string, string>>,
): Promise<AgentRun> {
  const child = spawn(program, args, {
    cwd: directory,
    env: { PATH: '/usr/bin:/bin', HOME: directory, TERM: 'dumb', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: AGENT_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => stdout.push(part))
  child.stderr.on('data', (part: Buffer) => stderr.push(part))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout: String(Buffer.concat(stdout)), stderr: String(Buffer.concat(stderr)) })
    })
  })
}
