// A login that was stored, in words: whose it is, and who else has it.

import type { Output } from '../../api/schemas.ts'
import type { Context } from '../context.ts'
import { shortly } from '../credential/describe.ts'
import { ownerTitle, type WhoAmI } from '../owner-flags.ts'

type Twins = Output<'logins.get'>['twins']
type Credential = NonNullable<Output<'logins.get'>['credential']>

/** For example `codex/oauth main (org, …wxyz), account ada@example.com (pro)`. */
export function withAccount(credential: Credential, who: WhoAmI): string {
  const { email, plan } = credential.fields ?? {}
  const account = email === undefined ? '' : `, account ${email}${plan === undefined ? '' : ` (${plan})`}`
  return `${shortly(credential, who)}${account}`
}

/** Says so when the same login, or one of the same account, is stored elsewhere too. */
export function warnOfTwins({ ui }: Context, twins: Twins, who: WhoAmI): void {
  for (const { credential, sameToken } of twins) {
    const where =
      credential === null
        ? 'somewhere you may not see'
        : `as ${credential.name} (${ownerTitle(credential.owner, who)})`
    ui.note(twinWarning(where, sameToken))
  }
}

/** `where` it is stored too, for example `as work (personal)`. */
export function twinWarning(where: string, sameToken: boolean): string {
  return sameToken
    ? `warning: the very same login is stored ${where} too: whichever is renewed first ends the other.`
    : `warning: a login of the same account is stored ${where} too; both share its limits.`
}
