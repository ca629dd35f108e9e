// For tests: a program in the place of claude that renews when it is told to, so that a server can be killed at any moment
// of it. It counts its runs, and keeps the tokens it was given.

import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./slow-claude-program.ts', import.meta.url))

export interface SlowClaude {
  /** For CLAVIGER_CLAUDE_BIN. */
  readonly program: string
  /** The refresh tokens of all runs so far. */
  runs(): string[]
  /** Resolves when so many runs have begun. */
  untilBegun(count: number): Promise<void>
  /** Lets all runs write the login file, now or as soon as they begin. */
  write(): void
  /** Resolves when a run has written it. */
  untilWritten(): Promise<void>
}

/** Each run writes a login of its own. The program lies in `directory`, which must be there. */
export function slowClaude(directory: string): SlowClaude {
  const place = (name: string) => join(directory, name)
  const [program, runs, written] = [place('claude'), place('runs'), place('written')]
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} ${directory} ${program}\n`)
  chmodSync(program, 0o755)
  const lines = () => (existsSync(runs) ? readFileSync(runs, 'utf8').split('\n').slice(0, -1) : [])
  return {
    program,
    runs: lines,
    untilBegun: (count) => until(() => lines().length >= count),
    write: () => writeFileSync(place('go'), ''),
    untilWritten: () => until(() => existsSync(written)),
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (const began = Date.now(); !isSo(); await sleep(10))
    if (Date.now() - began > 20_000) throw new Error('The program was waited for in vain.')
}
