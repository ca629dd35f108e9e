// `claviger run hibernate|wake|cancel|end|interrupt`: what is done with a run as a whole.

import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { standing } from './ending.ts'

type Steering = 'hibernate' | 'wake' | 'cancel' | 'end'

const ON_ITS_WAY = { hibernate: 'It hibernates', cancel: 'It is cancelled', end: 'It ends' } as const

async function steer(context: Context, what: Steering, [id = '']: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const run = await client.call(`runs.${what}`, { id })
  const looks = what === 'wake' && run.state === 'waiting_for_credentials'
  const words =
    run.wish === null
      ? `It ${standing(run.state)}${looks ? '; its worker looks for one again now' : ''}.`
      : `${ON_ITS_WAY[run.wish]} as soon as its worker hears of it.`
  context.ui.answer(run, () => [words])
  return 0
}

type Verb = (context: Context, options: unknown, words: readonly string[]) => Promise<number>

export const hibernate: Verb = (context, _, words) => steer(context, 'hibernate', words)
export const wake: Verb = (context, _, words) => steer(context, 'wake', words)
export const cancel: Verb = (context, _, words) => steer(context, 'cancel', words)
export const end: Verb = (context, _, words) => steer(context, 'end', words)

export const interrupt: Verb = async (context, _, [id = '']) => {
  const { client } = await connect(context)
  const run = await client.call('runs.interrupt', { id })
  context.ui.answer(run, () => ['The message that its program has is broken off, if it is not answered yet.'])
  return 0
}
