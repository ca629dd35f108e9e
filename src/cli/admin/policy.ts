// `claviger admin policy`: whom subscriptions may serve.

import type { Output, Request } from '../../api/schemas.ts'
import { may } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE } from '../../domain/harness-names.ts'
import { SHARING_TERMS } from '../../domain/resolution/policy.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { callerOf } from '../owner-flags.ts'
import { relativeTime } from '../text.ts'

export interface SetPolicyOptions {
  readonly acceptTerms?: boolean
}

type Policy = Output<'policy.set'>
type Asked = Required<Request<'policy.set'>>

export async function get(context: Context): Promise<number> {
  const { client } = await connect(context)
  const answer = await client.call('policy.get', {})
  const headings = ['HARNESS', 'POLICY', 'SET', 'FOR YOU']
  context.ui.table(answer, headings, () => answer.policies.map(row), 'There are no policies.')
  for (const { harness, allowed } of answer.takeOut)
    if (!allowed) context.ui.note(`${HARNESS_TITLE[harness]} credentials: ${takeOutInWords({ allowed })}.`)
  return 0
}

export async function set(
  context: Context,
  { acceptTerms = false }: SetPolicyOptions,
  words: readonly string[],
): Promise<number> {
  const { client } = await connect(context)
  // Which words there are is checked by the parser, and by the server.
  const [harness, policy] = words as readonly [Asked['harness'], Asked['policy']]
  const terms = policy === 'shared' ? SHARING_TERMS[harness] : null
  const who = terms === null || acceptTerms ? null : await client.call('whoami', {})
  // Somebody who may not do it is told so by the server, not asked to accept anything.
  const asked = terms !== null && who !== null && may(callerOf(who), 'shareSubscriptions')
  const accepted = acceptTerms || (asked && (await readAndAccepted(context, terms)))
  const answer = await client.call('policy.set', { harness, policy, acceptTerms: accepted })
  context.ui.answer(answer, () => [`${HARNESS_TITLE[harness]} subscriptions: ${inWords(answer)}.`])
  return 0
}

export async function takeOut(context: Context, _: object, words: readonly string[]): Promise<number> {
  const { client } = await connect(context)
  const [harness, to] = words as readonly [Asked['harness'], 'on' | 'off']
  const answer = await client.call('policy.takeOut', { harness, allowed: to === 'on' })
  context.ui.answer(answer, () => [`${HARNESS_TITLE[harness]} credentials: ${takeOutInWords(answer)}.`])
  return 0
}

function takeOutInWords({ allowed }: { readonly allowed: boolean }): string {
  return allowed
    ? 'people may move their own from the server to a machine'
    : 'nobody may move any from the server to a machine'
}

async function readAndAccepted({ ui }: Context, terms: string): Promise<boolean> {
  // Without a terminal the server's refusal says what they are.
  if (!ui.interactive) return false
  ui.note(terms)
  if (await ui.confirm('Share them all the same?')) return true
  throw new ClavigerError('forbidden', 'The terms were not accepted; nothing was changed.', {
    hint: 'API keys and Bedrock credentials can be shared without any of this.',
  })
}

const MEANING: Readonly<Record<Policy['policy'], string>> = {
  off: 'off, they serve nobody',
  owner: 'owner, each serves runs of the person it belongs to',
  shared: 'shared, they may also belong to the organization, a team or an agent',
}

function inWords({ policy, isDefault }: Policy): string {
  return isDefault ? `${MEANING[policy]} (the default)` : MEANING[policy]
}

function row(one: Policy): string[] {
  const { harness, policy, isDefault, since, by, effective, noticeAccepted } = one
  const set = isDefault || since === null ? 'default' : `${relativeTime(since, Date.now())} by ${by}`
  const notice = noticeAccepted === false && policy !== 'off' ? ' (you have not accepted the notice)' : ''
  return [harness, policy, set, effective + notice]
}
