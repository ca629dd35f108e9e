// A program of ours in the place of a harness: it does what the messages to it say, and speaks lines of JSON that are the
// events themselves. For what real programs do too seldom, or too slowly, to be tested with them.
//
//   say TEXT · env NAME · tool ID · result ID · sleep MS · retry KIND · fail KIND · garbage · stderr TEXT · die CODE · done
//   token: says the end of the login that it found in its settings when it began
//   login TOKEN: gets itself another, as Codex does
//
// Its model is what it is asked for, else STAND_IN_MODEL. With a configuration home it keeps a record of its session there, as real ones do.

import type { ConversationEvent } from '../../src/domain/runs/conversation.ts'
import { NO_USAGE } from '../../src/domain/runs/conversation.ts'
import type { Conversing } from '../../src/harnesses/conversing.ts'

const SCRIPT = String.raw`
const { appendFileSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const [session, kind, log, model] = process.argv.slice(1)
const out = (event) => console.log(JSON.stringify(event))
const note = (what) => log && appendFileSync(log, what + '\n')
const { CLAUDE_CONFIG_DIR, CODEX_HOME, HOME } = process.env
const home = CLAUDE_CONFIG_DIR ?? CODEX_HOME ?? (HOME && HOME + '/.claude')
const token = () => {
  try { return JSON.parse(readFileSync(home + '/settings.json', 'utf8')).env.CLAUDE_CODE_OAUTH_TOKEN } catch { return '(none)' }
}
const first = token()
const record = (text) => {
  if (home === undefined) return
  mkdirSync(home + '/projects/work', { recursive: true })
  const line = { type: 'user', message: { role: 'user', content: [{ type: 'text', text }] } }
  appendFileSync(home + '/projects/work/' + session + '.jsonl', JSON.stringify(line) + '\n')
}
const failure = (kind) => ({ kind, status: 401, code: null, text: 'refused', resetsAt: null })
const steps = {
  token: () => out({ kind: 'text', text: first.slice(-6) }),
  login: (token) => writeFileSync(home + '/auth.json', JSON.stringify({ tokens: { access_token: token, id_token: 'an-id-of-' + token, refresh_token: 'for-' + token } })),
  retry: (kind) => out({ kind: 'retry', attempt: 1, of: null, failure: failure(kind) }),
  say: (text) => out({ kind: 'text', text }),
  env: (name) => out({ kind: 'text', text: process.env[name] ?? '(none)' }),
  tool: (call) => out({ kind: 'tool', call, name: 'Bash', input: '' }),
  result: (call) => out({ kind: 'tool-result', call, failed: false, output: '' }),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Number(ms))),
  garbage: () => console.log('{"half'),
  stderr: (text) => console.error(text),
  die: (code) => process.exit(Number(code)),
  fail: (kind) => { out({ kind: 'turn-failed', failure: failure(kind), usage: null }); return true },
  done: () => { out({ kind: 'turn-done', usage: { input: 1, cachedInput: 0, output: 2 } }); return true },
}
const turn = async (text) => {
  note(text)
  record(text)
  for (const step of [...text.split(' · '), 'done']) {
    const [name, ...rest] = step.split(' ')
    if (await steps[name]?.(rest.join(' '))) return
  }
}
out({ kind: 'session', session, model: model || process.env.STAND_IN_MODEL || null })
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
    arguments: ({ session, model }) => ['-e', SCRIPT, session.id, session.kind, log, model ?? ''],
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
