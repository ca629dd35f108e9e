// One start of a plugin and what is said to it. It is somebody else's program: it has a private home, only the variables it
// is given, little time, and little to say. What it writes to its standard error is thrown away, and what it has started
// ends with it, unless that has both left its group and cleared its environment.

import { newId } from '../../lib/id.ts'
import { type BoundedProgram, CannotStart, startProgram } from '../../lib/programs/bounded-program.ts'
import { endProcessesWithin } from '../../lib/programs/ending.ts'
import { makePrivateHome, removePrivateHome } from '../../lib/programs/private-home.ts'
import { answerShape, type ErrorName, LIMITS, type Method, PROTOCOL } from './protocol.ts'

export interface PluginStart {
  /** Full path. */
  readonly program: string
  /** Where private homes are made. */
  readonly homes: string
  /** Beside PATH, HOME, TMPDIR and LANG, which it always has. */
  readonly environment: Readonly<Record<string, string>>
  readonly path: string
  readonly timeoutMs: number
}

export type Said =
  | { readonly kind: 'result'; readonly result: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'error'
      readonly code: ErrorName
      readonly message: string
      readonly retryAfterMs: number | null
    }

/** Asks, and waits for the answer. Rejects with {@link PluginFault}. */
export type Ask = (method: Method, params: Readonly<Record<string, unknown>>) => Promise<Said>

/** It did not do as it should. The message is ours, and holds nothing of what it said. */
export class PluginFault extends Error {
  /** Whether it may have done what it was asked. */
  readonly wasAsked: boolean

  constructor(message: string, wasAsked: boolean) {
    super(message)
    this.name = 'PluginFault'
    this.wasAsked = wasAsked
  }
}

/** Starts it, and ends it with everything it has started when `hold` is over. Rejects with {@link PluginFault}. */
export async function talkTo<T>(start: PluginStart, hold: (ask: Ask) => Promise<T>): Promise<T> {
  const home = await makePrivateHome(start.homes, 2 * LIMITS.login)
  try {
    const program = await started(start, home)
    try {
      return await hold(asker(program))
    } finally {
      await program.stop()
    }
  } finally {
    await endProcessesWithin('HOME', home)
    await removePrivateHome(home)
  }
}

async function started(
  { program, environment, path, timeoutMs }: PluginStart,
  home: string,
): Promise<BoundedProgram> {
  try {
    return await startProgram({
      ...{ program, words: [], cwd: home, timeoutMs, keepErrors: false },
      environment: { ...environment, PATH: path, HOME: home, TMPDIR: home, LANG: 'C.UTF-8' },
      maxOutputBytes: LIMITS.outputBytes,
    })
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error
    throw new PluginFault(`It could not be started (${error.code}).`, false)
  }
}

function asker(program: BoundedProgram): Ask {
  let read = 0
  return async (method, params) => {
    // Whoever speaks without being asked may be answering a question of its own.
    if (program.output().length > read) throw new PluginFault('It spoke without being asked.', false)
    const id = newId('ask')
    program.write(`${JSON.stringify({ protocol: PROTOCOL, id, method, params })}\n`)
    const isOver = (output: string) => output.indexOf('\n', read) !== -1
    const isEnough = (output: string) => isOver(output) || output.length - read > LIMITS.lineBytes
    await program.printed(isEnough)
    const output = program.output()
    if (!isOver(output)) throw await faultOf(program, output.length - read)
    const line = output.slice(read, output.indexOf('\n', read))
    read += line.length + 1
    return answerIn(line, id)
  }
}

async function faultOf(program: BoundedProgram, pending: number): Promise<PluginFault> {
  if (pending > LIMITS.lineBytes) return new PluginFault('It said more than fits in an answer.', true)
  const { how } = await program.ended
  switch (how) {
    case 'timeout':
      return new PluginFault('It did not answer in time.', true)
    case 'output':
      return new PluginFault('It printed without end.', true)
    default:
      return new PluginFault('It ended before it answered.', true)
  }
}

function answerIn(line: string, id: string): Said {
  if (line.length > LIMITS.lineBytes) throw new PluginFault('It said more than fits in an answer.', true)
  const json = parsed(line)
  const { data } = answerShape.safeParse(json)
  if (data === undefined) {
    const other = json !== null && 'protocol' in json && json.protocol !== PROTOCOL
    throw new PluginFault(
      other ? `It does not speak version ${PROTOCOL} of the protocol.` : 'Its answer is none.',
      true,
    )
  }
  if (data.id !== id) throw new PluginFault('It answered something that it was not asked.', true)
  const { result, error } = data
  if ((result === undefined) === (error === undefined)) throw new PluginFault('Its answer is none.', true)
  if (result !== undefined) return { kind: 'result', result }
  const { code = 'unknown', message = '', retryAfterSeconds } = error ?? {}
  return {
    ...{ kind: 'error', code, message },
    retryAfterMs: retryAfterSeconds === undefined ? null : retryAfterSeconds * 1_000,
  }
}

function parsed(line: string): object | null {
  try {
    const json: unknown = JSON.parse(line)
    return typeof json === 'object' ? json : null
  } catch {
    return null
  }
}
