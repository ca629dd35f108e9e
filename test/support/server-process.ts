// Starts test/support/serve-driver.ts and listens to it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { GivenSettings } from '../../src/domain/settings/settings.ts'
import { programFile, SERVER_FLAGS } from './programs.ts'

export interface ServerProcess {
  readonly pid: number
  /** `url http://…` or `error CODE`. */
  readonly said: string
  /** Everything it logged so far. */
  logs(): string
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>
}

/** `ahead`: how far the clock of its machine is ahead, in milliseconds. `environment`: what it has beside ours. */
export async function startServerProcess(
  settings: GivenSettings,
  ahead = 0,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const words = [...SERVER_FLAGS, programFile('serve-driver'), JSON.stringify(settings), String(ahead)]
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  const exited = once(child, 'exit')
  let logged = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logged += text
  })
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  return {
    pid: child.pid ?? 0,
    said: String(value),
    logs: () => logged,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}
