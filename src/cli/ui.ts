// All terminal output of the command line. Rules: answers go to standard output, everything said around them to standard
// error; with --json the answer is one JSON document and an error one JSON object; colour and prompts only on a terminal;
// a value is never shown, and text of others cannot steer the terminal.

import { createInterface } from 'node:readline'
import { styleText } from 'node:util'
import type { ClavigerError } from '../domain/errors.ts'
import { ClavigerError as Failure } from '../domain/errors.ts'
import { EXIT_CODE_OF } from './exit-codes.ts'
import { columns, plain } from './text.ts'

export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean }
type Output = NodeJS.WritableStream & { readonly isTTY?: boolean }

export interface Streams {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
}

/** Says what is wrong with an answer, or nothing. */
type Check = (answer: string) => string | undefined

export interface Ui {
  /** Whether a person can be asked. */
  readonly interactive: boolean
  /** The answer of a verb: a JSON document with --json, otherwise lines for people. */
  answer(data: unknown, lines: () => readonly string[]): void
  /** Lines of an answer that are true as soon as they come; with --json they are in the document at the end. */
  part(lines: readonly string[]): void
  /** The answer as a table; `empty` is said instead when there are no rows. */
  table(
    data: unknown,
    headings: readonly string[],
    rows: () => readonly (readonly string[])[],
    empty: string,
  ): void
  /** Text that is the answer itself whatever the format, for example a completion script. */
  raw(text: string): void
  /** Text of any length that is the answer itself, as fast as it is read. False when nobody reads it any more. */
  stream(text: string): Promise<boolean>
  /** What is being done, on one line that is written over; empty: nothing any more. Shown on a terminal only. */
  progress(line: string): void
  /** A line beside the answer. */
  note(line: string): void
  error(error: ClavigerError): void
  /** Asks without showing what is typed. Throws when the person gives up. */
  askSecret(question: string, check: Check): Promise<string>
  askText(question: string, check: Check, example: string): Promise<string>
  /** As `askText`, until the signal aborts: null then. */
  askUntil(question: string, signal: AbortSignal): Promise<string | null>
  /** Lines that are typed or piped in, for a conversation. It is closed by whoever asked for it. */
  lines(): TypedLines
  /** Asks yes or no; the default is no. Giving up is no. */
  confirm(question: string): Promise<boolean>
  /** Asks for one of these; the first is suggested. Throws when the person gives up. */
  choose<V extends string>(question: string, choices: readonly Choice<V>[]): Promise<V>
  /** Asks for at least one of these; `suggested` are marked already. Throws when the person gives up. */
  chooseSeveral<V extends string>(
    question: string,
    choices: readonly Choice<V>[],
    suggested: readonly V[],
  ): Promise<readonly V[]>
}

export interface Choice<V extends string> {
  readonly value: V
  readonly label: string
  readonly hint?: string
}

/** Lines that somebody types, or pipes in, one after the other. */
export interface TypedLines {
  /** The next one; null: there are none any more, or the signal has aborted. Whoever types is asked with the prompt. */
  next(prompt: string, signal: AbortSignal): Promise<string | null>
  close(): void
}

export function createUi({ stdin, stdout, stderr }: Streams, json: boolean): Ui {
  // Prompts are drawn on standard error, so that an answer can be piped on while a person is asked.
  const interactive = stdin.isTTY === true && stderr.isTTY === true
  const prompt = { input: stdin as never, output: stderr as never }
  const lines = (texts: readonly string[]) => {
    for (const text of texts) stdout.write(`${text}\n`)
  }
  return {
    interactive,
    answer(data, texts) {
      if (json) stdout.write(`${JSON.stringify(data, null, 2)}\n`)
      else lines(texts().map(plain))
    },
    part(texts) {
      if (!json) lines(texts.map(plain))
    },
    table(data, headings, rows, empty) {
      if (json) return this.answer(data, () => [])
      const all = rows()
      if (all.length === 0) return this.note(empty)
      const [head = '', ...rest] = columns(headings, all)
      lines([style('bold', head, stdout), ...rest])
    },
    raw(text) {
      stdout.write(text)
    },
    async stream(text) {
      if (stdout.writable && !stdout.write(text)) await roomIn(stdout)
      return stdout.writable
    },
    progress(line) {
      if (stderr.isTTY === true) stderr.write(`\r\u001b[K${plain(line)}`)
    },
    note(line) {
      stderr.write(`${plain(line)}\n`)
    },
    error(error) {
      stderr.write(json ? `${JSON.stringify(problemOf(error))}\n` : sentences(error, stderr))
    },
    async askSecret(question, check) {
      const { password } = await import('@clack/prompts')
      return answered(await password({ ...prompt, message: question, validate: (text) => check(text ?? '') }))
    },
    async askText(question, check, example) {
      const { text } = await import('@clack/prompts')
      const validate = (answer: string | undefined) => check(answer ?? '')
      return answered(await text({ ...prompt, message: question, placeholder: example, validate }))
    },
    async askUntil(question, signal) {
      const { text } = await import('@clack/prompts')
      const answer = await text({ ...prompt, message: question, signal })
      return signal.aborted ? null : answered(answer)
    },
    lines: () => (interactive ? typed({ stdin, stdout, stderr }) : piped(stdin)),
    async confirm(question) {
      const { confirm } = await import('@clack/prompts')
      return (await confirm({ ...prompt, message: question, initialValue: false })) === true
    },
    async choose<V extends string>(question: string, choices: readonly Choice<V>[]) {
      const { select } = await import('@clack/prompts')
      const answer = await select<string>({ ...prompt, message: question, options: shown(choices) })
      return theOne(choices, answered(answer)).value
    },
    async chooseSeveral<V extends string>(
      question: string,
      choices: readonly Choice<V>[],
      suggested: readonly V[],
    ) {
      const { multiselect } = await import('@clack/prompts')
      const asked = { message: question, options: shown(choices), initialValues: [...suggested] }
      const answer = await multiselect<string>({ ...prompt, ...asked, required: true })
      return answered(answer).map((value) => theOne(choices, value).value)
    },
  }
}

// The terminal is asked anew for each: between them Ctrl-C is a signal, as of any program.
function typed({ stdin, stderr }: Streams): TypedLines {
  const waiting: string[] = []
  let history: string[] = []
  let close: () => void = () => undefined
  // The terminal is gone.
  const gone = () => close()
  stdin.on('error', gone)
  return {
    next(prompt, signal) {
      const first = waiting.shift()
      if (first !== undefined || signal.aborted) return Promise.resolve(first ?? null)
      const asked = createInterface({ input: stdin, output: stderr, history, prompt, terminal: true })
      return new Promise((resolve) => {
        close = () => asked.close()
        signal.addEventListener('abort', gone, { once: true })
        asked.on('history', (lines: string[]) => {
          history = [...lines]
        })
        // More than one when it was pasted.
        asked.on('line', (line) => {
          waiting.push(line)
          setImmediate(gone)
        })
        asked.once('close', () => {
          signal.removeEventListener('abort', gone)
          const line = waiting.shift()
          if (line === undefined) stderr.write('\n')
          resolve(line ?? null)
        })
        asked.prompt()
      })
    },
    close: () => void stdin.off('error', gone),
  }
}

function piped(input: Input): TypedLines {
  const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  const waiting: string[] = []
  let isOver = false
  let heard = Promise.withResolvers<void>()
  const hear = () => {
    heard.resolve()
    heard = Promise.withResolvers()
  }
  reader.on('line', (line) => {
    waiting.push(line)
    hear()
  })
  reader.once('close', () => {
    isOver = true
    hear()
  })
  return {
    async next(_, signal) {
      signal.addEventListener('abort', hear, { once: true })
      while (waiting.length === 0 && !isOver && !signal.aborted) await heard.promise
      signal.removeEventListener('abort', hear)
      return signal.aborted ? null : (waiting.shift() ?? null)
    },
    close: () => reader.close(),
  }
}

function roomIn(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'error', 'close']
    const done = () => {
      for (const event of events) stream.off(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
}

// Names of accounts and files of others stand in them.
function shown(choices: readonly Choice<string>[]) {
  return choices.map(({ value, label, hint }) => ({
    ...{ value, label: plain(label) },
    ...(hint !== undefined && { hint: plain(hint) }),
  }))
}

function theOne<V extends string>(choices: readonly Choice<V>[], value: string): Choice<V> {
  const found = choices.find((one) => one.value === value)
  if (found === undefined) throw cancelled()
  return found
}

const CANCELLED = 'Cancelled.'

/** What a person throws who gives up. */
export function cancelled(hint = 'Nothing was changed.'): ClavigerError {
  return new Failure('conflict', CANCELLED, { hint })
}

export function isCancelled(thrown: unknown): thrown is ClavigerError {
  return thrown instanceof Failure && thrown.message === CANCELLED
}

function answered<A>(answer: A): Exclude<A, symbol> {
  if (typeof answer !== 'symbol') return answer as Exclude<A, symbol>
  throw cancelled()
}

function problemOf({ code, message, hint }: ClavigerError) {
  return { code, message, ...(hint !== undefined && { hint }), exitCode: EXIT_CODE_OF[code] }
}

function sentences({ message, hint }: ClavigerError, stream: Output): string {
  const first = `${style('red', 'error:', stream)} ${plain(message)}\n`
  return hint === undefined ? first : `${first}${style('dim', 'hint:', stream)} ${plain(hint)}\n`
}

function style(format: 'bold' | 'red' | 'dim', text: string, stream: Output): string {
  return stream.isTTY === true ? styleText(format, text, { stream: stream as NodeJS.WriteStream }) : text
}
