// What was typed wrongly, in our words. The command parser's own messages repeat what was typed, which may be a secret.

import type { Command, CommanderError } from 'commander'
import { ClavigerError } from '../domain/errors.ts'
import { holdsKey } from '../domain/secret.ts'
import { plain } from './text.ts'

// Oz takes these on the command line; there every user of the machine can read them, and the shell remembers them.
const SECRET_FLAGS =
  /^--(value|token|key|api-key|bedrock-api-key|access-key-id|secret-access-key|session-token)(=|$)/

// Good for one use and an hour or so: what makes it useless is using it. The prompt and the pipe take it too.
const ENROLMENT_CODE = /^(--enrol=)?clv_enrol_[0-9A-Za-z]*$/

const HOW = 'Values are typed at a prompt, piped to standard input, or read with --value-file FILE.'

const HELP = 'Add --help to see how it is used.'

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

// The verbs that must not have these say so themselves, and why.
const EXPLAINED: readonly string[] = ['type']

/**
 * Refuses an option of the verbs around this one: the parser lets `run list` take those of `run`, and nobody would look at
 * them. Those of the program itself are for every verb.
 */
export function refuseOptionsOfOthers(command: Command): void {
  for (let outer = command.parent; outer?.parent; outer = outer.parent) {
    for (const option of outer.options) {
      const name = option.attributeName()
      const isOwn = command.options.some((one) => one.attributeName() === name)
      if (outer.getOptionValueSource(name) !== 'cli' || isOwn || EXPLAINED.includes(name)) continue
      throw new ClavigerError('invalid', `Unknown option '${option.long}'.`, { hint: HELP })
    }
  }
}

/** Refuses a word after a verb that has others under it and takes no words itself. It is not repeated: it may be a text. */
export function refuseSurplusVerb(command: Command): void {
  const verbs = command.commands.map((one) => one.name())
  const last = verbs.pop()
  if (last === undefined || command.args.length === 0 || command.registeredArguments.length > 0) return
  const prompt = command.options.some(({ long }) => long === '--prompt')
    ? ' A first message is given with --prompt.'
    : ''
  throw new ClavigerError('invalid', `There is no such command of claviger ${command.name()}.`, {
    hint: `There are ${verbs.join(', ')} and ${last}.${prompt}`,
  })
}

/** The parser's complaint as our error, without the value of an option or surplus words in it. */
export function usageError({ code, message }: CommanderError, argv: readonly string[]): ClavigerError {
  if (code === 'commander.excessArguments') {
    const isAboutRuns = argv.find((word) => !word.startsWith('-')) === 'run'
    const how = isAboutRuns ? 'A text of several words is put in quotes.' : HOW
    return new ClavigerError('invalid', `There are too many words${expected(message)}.`, {
      hint: `${how} ${HELP}`,
    })
  }
  const [first = '', suggestion] = message.replace(/^error: /, '').split('\n')
  const shown = plain(first.replace(/(--?[A-Za-z][\w-]*)=.*$/, "$1=…'")).slice(0, 200)
  const sentence = `${shown.charAt(0).toUpperCase()}${shown.slice(1)}${/[.!?]$/.test(shown) ? '' : '.'}`
  return new ClavigerError('invalid', sentence, { hint: suggestion?.replace(/[()]/g, '') ?? HELP })
}

/** A number a person typed after this flag. */
export function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new ClavigerError('invalid', `${flag} is not a whole number.`, { hint: `For example: ${flag} 100` })
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
