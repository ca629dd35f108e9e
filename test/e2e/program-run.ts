// Runs a program to its end, with an environment that nothing of this machine reaches, and looks through what it wrote.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { programFile } from '../support/programs.ts'

/** Our command line, for node. */
export const MAIN = programFile('claviger')

const TIME_LIMIT_MS = 80_000

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Standard input is empty. */
export async function run(
  program: string,
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const child: ChildProcess = spawn(program, words, {
    ...{ cwd, env: { ...env }, timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    texts.stdout += part
  })
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    texts.stderr += part
  })
  const [code] = await once(child, 'close')
  return { code, ...texts }
}

/** Names of files under this directory in which this text stands. */
export async function filesWith(directory: string, text: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const found = await Promise.all(
    files.map(async (file) => ((await readFile(file, 'latin1')).includes(text) ? [file] : [])),
  )
  return found.flat()
}
