// A worker that is started before anybody has stored a credential: it is there for runs all the same, since those of
// people may have their own, and says what is missing until something would serve.

import type { Client } from '../../client/client.ts'
import { isPassing } from '../../client/problem.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { untilServed } from '../../runner/waiting-leases.ts'
import type { Context } from '../context.ts'
import { ambientHere } from './explain.ts'
import { limitOf, type WaitOptions } from './machine-words.ts'

export interface StandingBy extends WaitOptions {
  readonly client: Client
  /** What is installed here. */
  readonly harnesses: readonly HarnessName[]
  /** Whether what this machine has of its own may serve. */
  readonly ambient: boolean
  /** Nobody needs to know any more: it has been given a run, or ends. */
  readonly signal: AbortSignal
}

/** Resolves when something would serve, or with `signal`. Throws `no_credential` when the limit of `--wait` is over. */
export async function standBy(context: Context, standing: StandingBy): Promise<void> {
  const { signal, wait = true } = standing
  if (signal.aborted) return
  let isSaid = false
  const say = (line: string, error: ClavigerError) => {
    // That the server is away the worker says itself.
    if (isPassing(error)) return
    isSaid = true
    context.ui.note(line)
  }
  try {
    await untilServed(() => mustServe(context, standing), { limit: limitOf(wait), say }, signal)
    if (isSaid) context.ui.note('There is a credential now.')
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function mustServe(context: Context, { client, harnesses, ambient }: StandingBy): Promise<void> {
  const missing: ClavigerError[] = []
  for (const harness of harnesses) {
    const has = await ambientHere(context, { harness, ambient }, { agent: null })
    const { decisions, sentence, hint } = await client.call('explain', { harness, ambient: has })
    if (decisions.some(({ verdict }) => verdict === 'chosen')) return
    missing.push(new ClavigerError('no_credential', sentence ?? '', hint == null ? {} : { hint }))
  }
  const hint = missing.find((one) => one.hint !== undefined)?.hint
  const sentences = missing.map(({ message }) => message).join(' ')
  throw new ClavigerError('no_credential', sentences, hint === undefined ? {} : { hint })
}
