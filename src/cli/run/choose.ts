// `claviger run choose`: what serves a run from its next turn on.

import { ClavigerError } from '../../domain/errors.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'

interface ChooseOptions {
  readonly credential?: string
  readonly anyCredential?: boolean
  readonly model?: string
  readonly anyModel?: boolean
}

export async function run(
  context: Context,
  { credential, anyCredential, model, anyModel }: ChooseOptions,
  [id = '']: readonly string[],
): Promise<number> {
  const chosen = {
    ...choiceOf('credential', credential, anyCredential),
    ...choiceOf('model', model, anyModel),
  }
  if (Object.keys(chosen).length === 0)
    throw new ClavigerError('invalid', 'Nothing was chosen.', {
      hint: 'Give --credential NAME, --any-credential, --model NAME or --any-model.',
    })
  const { client } = await connect(context)
  const run = await client.call('runs.choose', { id, ...chosen })
  context.ui.answer(run, () => [choiceInWords(run.chosen)])
  return 0
}

function choiceOf(what: string, named: string | undefined, any = false): Record<string, string | null> {
  if (named !== undefined && any)
    throw new ClavigerError('invalid', `--${what} and --any-${what} contradict each other.`, {
      hint: 'Leave one out.',
    })
  if (any) return { [what]: null }
  return named === undefined ? {} : { [what]: named }
}

/** What was chosen for a run, as a sentence. */
export function choiceInWords(
  chosen: { readonly credential: string | null; readonly model: string | null } | null,
): string {
  if (chosen === null) return 'Nothing was chosen since it was started.'
  const { credential, model } = chosen
  const who = credential === null ? 'whichever credential comes first' : `${credential}, and no other`
  return `From the next turn on: ${who}${model === null ? '' : `; model ${model}`}.`
}
