// What happens in a run as lines for people. Text of the agent stands at the margin, what goes on around it is set in.

import type { Failure } from '../../domain/runs/conversation.ts'
import type { RecordedEvent } from '../../domain/runs/record.ts'
import { stateInWords } from '../../domain/runs/run.ts'

const INPUT_AT_MOST = 100
const OUTPUT_LINES = 4

/** No lines for what people need not see. */
export function linesOf(event: RecordedEvent): string[] {
  switch (event.kind) {
    case 'text':
      return linesIn(event.text)
    case 'reasoning':
      return linesIn(event.text).map((line) => `  ~ ${line}`)
    case 'tool':
      return [`  > ${event.name} ${short(event.input)}`]
    case 'tool-result':
      return event.failed ? ['  ! it failed', ...firstLines(event.output)] : []
    case 'retry':
      // Programs try ten times and more; why is said once.
      return event.attempt > 1 ? [] : [`  … ${triesAgain(event.failure)}`]
    case 'turn-failed':
      return [`  ! ${event.failure.text}`]
    case 'notice':
      return [`  ${event.text}`]
    case 'state':
      return [`— ${stateInWords(event.state)}${event.reason === '' ? '' : `: ${event.reason}`}`]
    case 'credential':
      return [`— with ${credentialOf(event)}: ${event.reason}`]
    case 'message':
      return event.state === 'failed' ? [`— the message ${event.id} failed: ${event.reason}`] : []
    case 'session':
    case 'turn-done':
    case 'unknown':
      return []
  }
}

// The program's own word for a connection that does not come about is `unknown`.
function triesAgain({ kind, status, text }: Failure): string {
  if (kind !== 'network' || status !== null) return `tries again: ${short(text)}`
  const detail = text === 'unknown' || text === '' ? '' : ` (${short(text)})`
  return `the provider cannot be reached${detail}; tries again`
}

/** What a person said, as far as it takes to know it again. */
export function saidLine(text: string): string {
  const [first = '', ...more] = linesIn(text.trimStart())
  return `> ${[short(first), ...(more.length > 0 || first === '' ? ['…'] : [])].join(' ').trimStart()}`
}

function credentialOf({ credential }: Extract<RecordedEvent, { kind: 'credential' }>): string {
  return credential === null ? "the machine's own login" : `${credential.name} (${credential.type})`
}

// What a terminal would take as a jump is blanks here; everything else that could steer it is made visible by `plain`.
function linesIn(text: string): string[] {
  const lines = text.trimEnd().split(/\r?\n/)
  return lines.map((line) => line.replaceAll('\t', '    '))
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > INPUT_AT_MOST ? `${line.slice(0, INPUT_AT_MOST - 1)}…` : line
}

function firstLines(text: string): string[] {
  const lines = linesIn(text)
  const shown = lines.slice(0, OUTPUT_LINES).map((line) => `    ${line}`)
  return lines.length > OUTPUT_LINES ? [...shown, '    …'] : shown
}
