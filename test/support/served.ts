// `claviger serve` as it is typed: a process on a home directory, with an environment that nothing of this machine reaches.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { vi } from 'vitest'
import { programFile } from './programs.ts'

export interface Served {
  readonly url: string
  /** With it the first person comes in; only the first start prints one. */
  readonly link: string
  /** What it said on standard error so far. */
  logs(): string
  /** Returns its exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Throws what it said when it refuses to start. `program`: another build of it. */
export async function serve(
  home: string,
  env: Readonly<Record<string, string>>,
  words: readonly string[] = [],
  program = programFile('claviger'),
): Promise<Served> {
  const child = spawn(process.execPath, [program, 'serve', ...words], {
    ...{ cwd: home, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  const exited = once(child, 'exit')
  let [said, logged] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    logged += text
  })
  await vi.waitUntil(() => said.includes('\n') || child.exitCode !== null, 20_000)
  if (child.exitCode !== null) throw new Error(logged)
  return {
    url: new URL(said.slice(said.indexOf('http')).trim()).origin,
    link: /http\S+\/join\S*[#?]\S+/.exec(logged)?.[0] ?? '',
    logs: () => logged,
    async end(signal) {
      if (child.exitCode !== null) return child.exitCode
      child.kill(signal)
      const [code] = await exited
      return code
    },
  }
}
