// How long what is said of a run may be, in UTF-16 units: the server refuses more, so workers cut it before.

export const SAID_AT_MOST = {
  /** What the model says, and what its tools are given and answer. */
  output: 400_000,
  notice: 20_000,
  failure: 20_000,
  /** Why a run or a message is in its state. */
  reason: 2_000,
  session: 500,
  toolName: 500,
  /** Words and ids of programs. */
  word: 200,
} as const
