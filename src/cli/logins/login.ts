// `credential login`: gives a credential that was made by signing in a new login.

import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { parseOwner } from '../../domain/owner.ts'
import type { Context } from '../context.ts'
import { settlePolicy } from '../credential/create.ts'
import { findCredential } from '../find-credential.ts'
import type { OwnerFlags } from '../owner-flags.ts'
import { warnOfTwins, withAccount } from './say.ts'
import { methodOf, type SignInOptions, signIn } from './sign-in.ts'

export interface LoginOptions extends OwnerFlags, SignInOptions {
  readonly acceptNotice?: boolean
}

export async function run(
  context: Context,
  options: LoginOptions,
  words: readonly string[],
): Promise<number> {
  const { client, who, credential } = await findCredential(context, options, words, { manage: true })
  const { id, type, name, owner } = credential
  if (type !== 'codex/oauth' && type !== 'claude/oauth') {
    throw new ClavigerError(
      'invalid',
      `${name} is not made by signing in: it is ${type}, ${CREDENTIAL_TYPES[type].title}.`,
      {
        hint: `Give it a new value: claviger credential update --value ${name}`,
      },
    )
  }
  methodOf(type, options)
  const acceptNotice = await settlePolicy(
    context,
    client,
    type,
    parseOwner(owner),
    options.acceptNotice === true,
  )
  const request = { type, credential: id, replaceAccount: options.replaceAccount === true, acceptNotice }
  const login = await signIn(context, client, request, options)
  context.ui.answer({ ...login.credential, twins: login.twins }, () => [
    `Signed in again for ${withAccount(login.credential, who)}.`,
  ])
  warnOfTwins(context, login.twins, who)
  return 0
}
