// `claviger chat`: a conversation in the terminal. It is a run, of the server or of this process: what heals there heals here.

import { asClavigerError, ClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE } from '../../domain/harness-names.ts'
import type { Context } from '../context.ts'
import { EXIT, EXIT_CODE_OF, exitOfSignal } from '../exit-codes.ts'
import { onSignals } from '../signals.ts'
import type { TypedLines } from '../ui.ts'
import { obey } from './commands.ts'
import { type Chat, type ChatOptions, openChat } from './opening.ts'
import { type InHand, say } from './turns.ts'

/**
 * The exit code is that of the last message, or of the signal that ended it. Ctrl-C breaks off the message that is being
 * answered; when there is none, or a second time, it ends the conversation.
 */
export async function run(context: Context, options: ChatOptions): Promise<number> {
  const ending = new AbortController()
  const state: State = { inHand: null, isBreaking: false, exit: EXIT.ok }
  let chat: Chat | null = null
  const deaf = onSignals((signal) => {
    if (signal === 'SIGINT' && chat !== null && state.inHand !== null && !state.isBreaking)
      return breakOff(chat, state, state.inHand)
    state.exit = exitOfSignal(signal)
    ending.abort()
  })
  const lines = context.ui.lines()
  try {
    chat = await openChat(context, options)
    greet(chat)
    await converse(chat, lines, state, ending.signal)
    return state.exit
  } finally {
    lines.close()
    if (chat !== null) await end(chat)
    // A second signal would leave behind what this ends.
    await context.close()
    deaf()
  }
}

interface State {
  inHand: InHand | null
  /** Somebody has asked for the message in hand to be broken off. */
  isBreaking: boolean
  exit: number
}

async function converse(chat: Chat, lines: TypedLines, state: State, signal: AbortSignal): Promise<void> {
  const { ui } = chat.context
  for (;;) {
    const line = await lines.next('> ', signal)
    if (line === null) return
    if (line.trim() === '') continue
    try {
      const goesOn = await obey(chat, line)
      if (goesOn === false) return
      if (goesOn === null && !(await answered(chat, line, state, signal))) return
    } catch (error) {
      if (!(error instanceof ClavigerError)) throw error
      ui.error(error)
      // Who types sees it, and types another.
      if (!ui.interactive) state.exit = EXIT_CODE_OF[error.code]
    }
  }
}

// False: it goes no further. Where nobody can be asked the rest would wait for what this one lacks.
async function answered(chat: Chat, line: string, state: State, signal: AbortSignal): Promise<boolean> {
  state.isBreaking = false
  state.inHand = await say(chat, line, signal)
  const exit = await state.inHand.answered.finally(() => {
    state.inHand = null
  })
  if (exit === null) return false
  state.exit = exit
  return chat.context.ui.interactive || exit === EXIT.ok || state.isBreaking
}

function breakOff({ context, connection, id }: Chat, state: State, { message }: InHand): void {
  state.isBreaking = true
  connection.client
    .call('runs.interrupt', { id, message })
    .catch((error: unknown) => context.ui.error(asClavigerError(error)))
}

function greet({ context, harness, directory }: Chat): void {
  if (!context.ui.interactive) return
  const where = directory === null ? '' : ` in ${directory}`
  context.ui.note(`${HARNESS_TITLE[harness]}${where}. /help says what else may be typed; Ctrl-D ends it.`)
}

// One of this process ends with it; a server would keep it.
async function end({ context, connection, id }: Chat): Promise<void> {
  if (connection.profiles !== null) return
  try {
    await connection.client.call('runs.end', { id })
  } catch (error) {
    // Its state says what became of it.
    context.ui.note(`The run ${id} was not ended: ${asClavigerError(error).message}`)
  }
}
