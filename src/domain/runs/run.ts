// A run: one conversation with a harness, which outlives its credential, its process and its machine's naps. What happens
// to it is an event; `after` is the whole of its bookkeeping, and refuses what cannot happen.

/** As people see it. */
export const RUN_STATES = [
  'queued', // nobody has claimed it
  'booting', // a worker makes its workspace and starts the program
  'ready', // the program waits for a message
  'working', // a turn is under way
  'reauthenticating', // its credential was refused, and is renewed or replaced
  'waiting_for_credentials', // nothing serves it; it goes on by itself when something does
  'hibernated', // nothing of it runs; a message or `wake` goes on
  'failed', // it came to an end that nobody wanted
  'cancelled',
  'done', // the person or the caller ended it
] as const
export type RunState = (typeof RUN_STATES)[number]

const OVER: readonly RunState[] = ['failed', 'cancelled', 'done']

/** Whether nothing will happen to it any more. */
export function isOver(state: RunState): boolean {
  return OVER.includes(state)
}

/** Whether a worker has it. */
export function isHeld(state: RunState): boolean {
  return state !== 'queued' && state !== 'hibernated' && !isOver(state)
}

/** What somebody wants of a run that a worker has; the worker hears of it and obeys. */
export type RunWish = 'hibernate' | 'cancel' | 'end'

export const MESSAGE_STATES = ['queued', 'sent', 'done', 'failed'] as const
/** `sent`: the program has it, and what came of it is not known yet. */
export type MessageState = (typeof MESSAGE_STATES)[number]
