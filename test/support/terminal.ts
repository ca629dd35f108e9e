// A command of ours at a pseudo-terminal, and a person who answers what it asks.

import { spawn } from 'node:child_process'
import { programFile } from './programs.ts'

const TIME_LIMIT_MS = 100_000

/** What appears, and what is typed then; a function is given all that was shown. Null: nothing is typed. */
export type Answer = readonly [RegExp, string | ((shown: string) => Promise<string | null> | string | null)]

export interface AtTerminal {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** `claviger WORDS`; resolves with all that the terminal has shown. Questions that were not asked are `unasked`. */
export function atTerminal(
  words: readonly string[],
  answers: readonly Answer[],
  { env, cwd }: AtTerminal,
): Promise<{ readonly code: number | null; readonly shown: string; readonly unasked: readonly Answer[] }> {
  const command = ['stty cols 200 rows 50; exec', process.execPath, programFile('claviger'), ...words].join(
    ' ',
  )
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    ...{ env: { TERM: 'xterm', ...env }, cwd, timeout: TIME_LIMIT_MS },
  })
  const waiting = [...answers]
  let [shown, from] = ['', 0]
  child.stdin.on('error', () => undefined)
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    const [question, answer] = waiting[0] ?? []
    if (question?.test(shown.slice(from)) !== true) return
    waiting.shift()
    from = shown.length
    const all = shown
    // The terminal is told not to echo after the question is drawn.
    setTimeout(async () => {
      const typed = typeof answer === 'function' ? await answer(all) : answer
      if (typeof typed === 'string') child.stdin.write(typed)
    }, 200)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, shown, unasked: waiting }))
  })
}
