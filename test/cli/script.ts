// Scripts that read like a shell session, in the manner of Go's testscript:
//
//   # a comment
//   $ printf %s "$KEY" | claviger secret create claude api-key main
//   Created claude/api-key main (personal, …aaaa).
//   $ claviger secret show nobody
//   2> error: There is no credential nobody.
//   2> ...
//   [1]
//
// Lines after a command are its whole standard output, those with `2> ` its standard error, `[N]` its exit code when that
// is not 0. `...` stands for anything within a line, alone on a line (or after `2> `) for any lines. `> ` continues a command.

import { spawn } from 'node:child_process'

export interface Step {
  /** Line of the script, from 1. */
  readonly line: number
  readonly command: string
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
  readonly exitCode: number
}

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | null
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }

export function parseScript(text: string): Step[] {
  const steps: Writable<Step>[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('$ ')) {
      steps.push({ line: index + 1, command: line.slice(2), stdout: [], stderr: [], exitCode: 0 })
      continue
    }
    const step = steps.at(-1)
    if (!step) throw new Error(`Line ${index + 1} comes before any command.`)
    const code = /^\[(\d+)\]$/.exec(line)?.[1]
    if (line.startsWith('> ')) step.command += `\n${line.slice(2)}`
    else if (line.startsWith('2> ')) step.stderr.push(line.slice(3))
    else if (code !== undefined) step.exitCode = Number(code)
    else step.stdout.push(line)
  }
  return steps
}

/** Runs one command line of a shell to its end. Standard input is empty, not a terminal. */
export function runShell(command: string, env: Readonly<Record<string, string>>, cwd: string): Promise<Ran> {
  const child = spawn('/bin/sh', ['-c', command], { env: { ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ stdout, stderr, exitCode }))
  })
}

/** What is not as expected, for a person; null when all is. */
export function mismatch(step: Step, ran: Ran): string | null {
  const agrees =
    ran.exitCode === step.exitCode && matches(step.stdout, ran.stdout) && matches(step.stderr, ran.stderr)
  if (agrees) return null
  const errors = lines(ran.stderr).map((line) => `2> ${line}`)
  const wanted = [...step.stdout, ...step.stderr.map((line) => `2> ${line}`), `[${step.exitCode}]`]
  const got = [...lines(ran.stdout), ...errors, `[${ran.exitCode}]`]
  return [`line ${step.line}: $ ${step.command}`, '--- expected', ...wanted, '--- got', ...got].join('\n')
}

function matches(expected: readonly string[], text: string): boolean {
  const pattern = expected.map((line) => (line === '...' ? '(?:.*\n)*' : `${within(line)}\n`)).join('')
  return new RegExp(`^${pattern}$`, 'u').test(text === '' || text.endsWith('\n') ? text : `${text}\n`)
}

function within(line: string): string {
  return line
    .split('...')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('.*')
}

function lines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}
