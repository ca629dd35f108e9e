// A program of ours in the place of a harness: it does what the messages to it say, and speaks lines of JSON that are the
// events themselves. For what real programs do too seldom, or too slowly, to be tested with them.
//
//   say TEXT · think · tool ID · result ID · sleep MS · fail KIND · garbage · stderr TEXT · die CODE · done

import type { ConversationEvent } from '../../src/domain/runs/conversation.ts'
import { NO_USAGE } from '../../src/domain/runs/conversation.ts'
import type { Conversing } from '../../src/harnesses/conversing.ts'

const SCRIPT = String.raw`
const { appendFileSync } = require('node:fs')
const [session, kind, log] = process.argv.slice(1)
const out = (event) => console.log(JSON.stringify(event))
const note = (what) => log && appendFileSync(log, what + '\n')
const steps = {
  say: (text) => out({ kind: 'text', text }),
  env: (name) => out({ kind: 'text', text: process.env[name] ?? '(none)' }),
  tool: (call) => out({ kind: 'tool', call, name: 'Bash', input: '' }),
  result: (call) => out({ kind: 'tool-result', call, failed: false, output: '' }),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Number(ms))),
  garbage: () => console.log('{"half'),
  stderr: (text) => console.error(text),
  die: (code) => process.exit(Number(code)),
  fail: (kind) => { out({ kind: 'turn-failed', failure: { kind, status: 401, code: null, text: 'refused', resetsAt: null }, usage: null }); return true },
  done: () => { out({ kind: 'turn-done', usage: { input: 1, cachedInput: 0, output: 2 } }); return true },
}
const turn = async (text) => {
  note(text)
  for (const step of [...text.split(' · '), 'done']) {
    const [name, ...rest] = step.split(' ')
    if (await steps[name]?.(rest.join(' '))) return
  }
}
out({ kind: 'session', session, model: null })
let all = Promise.resolve()
const one = (line) => { all = all.then(() => turn(JSON.parse(line))) }
require('node:readline').createInterface({ input: process.stdin }).on('line', one).on('close', () => all.then(() => process.exit(0)))
`

/** Talks to the stand-in; its program is Node.js. `log`: a file that it writes each message to which it was given. */
export function standIn(processFor: Conversing['processFor'], log = ''): Conversing {
  return {
    processFor,
    environment: {},
    continuation: 'say going on',
    arguments: ({ session }) => ['-e', SCRIPT, session.id, session.kind, log],
    input: (text) => `${JSON.stringify(text)}\n`,
    refusal: () => null,
    reader: () => ({
      read: (line) => eventsIn(line),
      readError: (line) => [{ kind: 'notice', text: line }],
      ended: ({ exitCode, signal }) => ({
        ...{ kind: 'program', status: null, code: 'died', resetsAt: null },
        text: `ended with ${exitCode ?? signal}`,
      }),
    }),
  }
}

function eventsIn(line: string): ConversationEvent[] {
  try {
    return [JSON.parse(line) as ConversationEvent]
  } catch {
    return [{ kind: 'unknown', name: 'garbage' }]
  }
}

export const STAND_IN_USAGE = { ...NO_USAGE, input: 1, output: 2 }
