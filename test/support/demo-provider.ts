// The example plugin and the provider it is for (examples/plugins), which runs as long as a file of tests.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll } from 'vitest'
import { ROOT } from './programs.ts'

export const EXAMPLES = join(ROOT, 'examples/plugins')

/** Call it at the top of a file. A key lives for an hour, unless it says otherwise. */
export function useDemoProvider(lifeSeconds = 3_600) {
  let child: ChildProcess
  let url = ''

  beforeAll(async () => {
    const server = spawn('python3', [join(EXAMPLES, 'demo-server.py')], {
      env: { PATH: '/usr/bin:/bin', DEMO_LIFE: String(lifeSeconds) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = server
    const [line] = await once(createInterface({ input: server.stdout }), 'line')
    url = String(line)
  })
  afterAll(async () => {
    child.kill()
    await once(child, 'exit')
  })

  return {
    url: () => url,
    /** What it was asked for so far. */
    counts: async (): Promise<{ renewals: number; revocations: number }> =>
      (await fetch(`${url}/counts`)).json() as Promise<{ renewals: number; revocations: number }>,
  }
}
