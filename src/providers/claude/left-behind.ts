// What a renewal keeps in its private home beside what the program writes, so that a server that was killed in the middle
// of it can go on with it at its next start: what it was for, which process the program is, and until when it may run. The
// program is in a process group of its own and outlives the server.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Secret } from '../../domain/secret.ts'
import { readIfThere, writeFileAtomically } from '../../lib/atomic-file.ts'
import { identifyProcess, isAlive, type ProcessIdentity } from '../../lib/process.ts'
import { killGroup } from '../../lib/programs/bounded-program.ts'
import { privateHomes, removePrivateHome } from '../../lib/programs/private-home.ts'
import type { LeftRenewal } from '../provider.ts'
import { loginFileIn, tokensAt } from './run.ts'

const NOTE = 'note'
const PROGRAM = 'program.json'
const POLL_MS = 50

interface Program {
  readonly process: ProcessIdentity
  /** Milliseconds since 1970. */
  readonly until: number
}

/** Writes down what the renewal is for. On the disk before the program is started. */
export async function noteRenewal(home: string, note: string): Promise<void> {
  await writeFileAtomically(join(home, NOTE), note)
}

/** Writes down which process it is, and that it may run for so long. At once; a machine that fails ends the program too. */
export function noteProgram(home: string, pid: number, limitMs: number): void {
  const program: Program = { process: identifyProcess(pid), until: Date.now() + limitMs }
  try {
    writeFileSync(join(home, PROGRAM), JSON.stringify(program), { mode: 0o600, flag: 'wx' })
  } catch {
    // Whoever finds no such note waits for as long as a program may run.
  }
}

/**
 * The renewals in this directory, all of them of processes that are gone: call it before the first one of this process.
 * `limitMs`: what a program gets of which nothing was noted.
 */
export async function leftBehind(directory: string, limitMs: number): Promise<LeftRenewal[]> {
  return Promise.all((await privateHomes(directory)).map((home) => leftIn(home, limitMs)))
}

async function leftIn(home: string, limitMs: number): Promise<LeftRenewal> {
  const note = await readIfThere(join(home, NOTE))
  const program = programOf(await readIfThere(join(home, PROGRAM)))
  // Killed between starting the program and noting it: it may run, and nobody knows which it is.
  const until = Math.min(program?.until ?? Number.POSITIVE_INFINITY, Date.now() + limitMs)
  const mayRun = () => Date.now() < until && (program === null || isAlive(program.process))
  return {
    note: note ?? '',
    // Without a note it was never started.
    answer: async () => (note === null ? null : await answerIn(home, mayRun)),
    async remove() {
      if (program !== null && isAlive(program.process)) killGroup(program.process.pid)
      await removePrivateHome(home)
    },
  }
}

function answerIn(home: string, mayRun: () => boolean): Promise<Secret | null> {
  return tokensAt(loginFileIn(home), async () => {
    if (!mayRun()) return true
    await sleep(POLL_MS)
    return false
  })
}

function programOf(text: string | null): Program | null {
  try {
    return text === null ? null : (JSON.parse(text) as Program)
  } catch {
    // Killed while it was written.
    return null
  }
}
