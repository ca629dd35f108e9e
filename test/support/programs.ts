// The programs that tests start as processes of their own: bundled at the start of a run (test/setup.ts) from the sources
// as they stand, because a bundled server is there in a third of the time, and a command in a quarter.

import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Name → source. */
export const PROGRAMS = {
  claviger: 'src/main.ts',
  'serve-driver': 'test/support/serve-driver.ts',
  'exec-driver': 'test/e2e/exec-driver.ts',
  'local-driver': 'test/support/local-driver.ts',
} as const

/** Names the directory of the bundles; in the environment, because the workers of the run have to know it. */
export const PROGRAMS_DIRECTORY = 'PROGRAMS_UNDER_TEST'

/** How bin/claviger has node start a server. */
export const SERVER_FLAGS = ['--max-semi-space-size=64', '--disable-sigusr1'] as const

/** The file of a program, for node; outside of a run of the tests its source. */
export function programFile(name: keyof typeof PROGRAMS): string {
  const directory = process.env[PROGRAMS_DIRECTORY]
  return directory === undefined ? join(ROOT, PROGRAMS[name]) : join(directory, name, `${name}.js`)
}
