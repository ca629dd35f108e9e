// What was typed wrongly, in our words. The command parser's own messages repeat what was typed, which may be a secret.

import type { CommanderError } from 'commander'
import { ClavigerError } from '../domain/errors.ts'
import { holdsKey } from '../domain/secret.ts'
import { plain } from './text.ts'

// Oz takes these on the command line; there every user of the machine can read them, and the shell remembers them.
const SECRET_FLAGS =
  /^--(value|token|key|api-key|bedrock-api-key|access-key-id|secret-access-key|session-token)(=|$)/

// Good for one use and an hour or so: what makes it useless is using it. The prompt and the pipe take it too.
const ENROLMENT_CODE = /^(--enrol=)?clv_enrol_[0-9A-Za-z]*$/

const HOW = 'Values are typed at a prompt, piped to standard input, or read with --value-file FILE.'

/**
 * Refuses `--value=X`, flags that would carry a secret, and any word with a key in it, before anything else looks at the
 * arguments. What follows two dashes belongs to another program.
 */
export function refuseSecretArguments(argv: readonly string[]): void {
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined)
  for (const word of withoutSwarmKey(own)) {
    if (ENROLMENT_CODE.test(word)) continue
    const [, flag, equals] = SECRET_FLAGS.exec(word) ?? []
    if (flag === undefined) {
      refuseKey(word)
      continue
    }
    const isSwitch = flag === 'value' || flag === 'token'
    if (isSwitch && equals === '') continue
    const what = isSwitch
      ? `--${flag} takes no value.`
      : `--${flag} is not taken: secrets do not belong there.`
    throw new ClavigerError('invalid', what, { hint: HOW })
  }
}

// Agent Swarm's line has its key there, and is to work as it is: the verb warns of it.
function withoutSwarmKey(words: readonly string[]): readonly string[] {
  if (words.find((word) => !word.startsWith('-')) !== 'codex-login') return words
  return words.filter((word, i) => !/^--api-key(=|$)/.test(word) && words[i - 1] !== '--api-key')
}

/** The parser's complaint as our error, without the value of an option or surplus words in it. */
export function usageError({ code, message }: CommanderError): ClavigerError {
  const hint = 'Add --help to see how it is used.'
  if (code === 'commander.excessArguments') {
    return new ClavigerError('invalid', `There are too many words${expected(message)}.`, {
      hint: `${HOW} ${hint}`,
    })
  }
  const [first = '', suggestion] = message.replace(/^error: /, '').split('\n')
  const shown = plain(first.replace(/(--?[A-Za-z][\w-]*)=.*$/, "$1=…'")).slice(0, 200)
  const sentence = `${shown.charAt(0).toUpperCase()}${shown.slice(1)}${/[.!?]$/.test(shown) ? '' : '.'}`
  return new ClavigerError('invalid', sentence, { hint: suggestion?.replace(/[()]/g, '') ?? hint })
}

/** A port a person typed. */
export function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new ClavigerError('invalid', '--port is not a whole number from 0 to 65535.', {
    hint: '0 takes a free one.',
  })
}

// Also behind a short option, as in `-tVALUE`.
function refuseKey(word: string): void {
  if (!holdsKey(word) && !holdsKey(word.replace(/^-[A-Za-z]/, ''))) return
  throw new ClavigerError('invalid', 'One of the words looks like a secret value.', {
    hint: `${HOW} Replace this one: your shell may remember it.`,
  })
}

function expected(message: string): string {
  const count = /Expected (\d+) argument/.exec(message)?.[1]
  return count === undefined ? '' : `: ${count} expected`
}
