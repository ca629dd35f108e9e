// Beginning to sign in, or to link an account, at an identity provider; and the accounts that one has linked.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { absent } from '../guard.ts'
import { mustBeBrowser } from '../sessions/opening.ts'
import { mustBePerson, mustBeWhole } from '../sessions/own.ts'
import type { OwnPassword } from '../sessions/password.ts'
import type { SecondFactors } from '../sessions/second-factors.ts'
import { wrongCode } from '../sessions/second-factors.ts'
import type { Limits } from '../signing-in/limits.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { mustFindProvider, send } from './trips.ts'

type Names = 'signIn.start' | 'accounts.list' | 'accounts.link' | 'accounts.unlink'

export function createAccountUseCases(
  workshop: Workshop,
  limits: Pick<Limits, 'starts'>,
  { factors, ownPassword }: { readonly factors: SecondFactors; readonly ownPassword: OwnPassword },
): Pick<Control, Names> {
  const { guard, identity, identityProviders } = workshop

  // An account is a way in that asks for neither of them: whoever holds a session for a moment must not make one of it.
  async function mustShowBoth(caller: Caller, password: string | undefined, code: string | undefined) {
    const action = 'account.link'
    const { id, email: name } = await ownPassword(caller, password, action)
    if (!(await factors.isOn(id))) return
    if (code !== undefined && (await factors.isRight(caller, code))) return
    const refused = wrongCode('forbidden')
    await guard.check(caller, { action, object: { kind: 'member', id, name }, needs: { code: refused } })
    throw refused
  }

  return {
    async 'signIn.start'(visitor, { provider, returnTo }) {
      mustBeBrowser(visitor)
      const found = mustFindProvider(workshop, provider, 'sign-in')
      limits.starts(visitor)
      return send(workshop, found, { linking: null, returnTo, had: visitor.browser?.had })
    },
    async 'accounts.list'(caller) {
      const linked = await identity.linkedAccounts(mustBePerson(caller))
      const accounts = linked.flatMap(({ id, provider, accountId, name, linkedAt }) => {
        const shown = identityProviders.find((one) => one.accounts === provider)?.id ?? provider
        return [{ id, provider: shown, accountId, name, linkedAt: rfc3339(linkedAt) }]
      })
      return { accounts, linkable: identityProviders.map(({ id, name }) => ({ id, name })) }
    },
    async 'accounts.link'(caller, { provider, returnTo, password, code }) {
      const personId = mustBePerson(caller)
      const { organizationId, sessionId } = caller
      const found = mustFindProvider(workshop, provider, 'link')
      if (sessionId === undefined) throw onlyBrowsers()
      await mustShowBoth(caller, password, code)
      return send(workshop, found, { linking: { organizationId, personId, sessionId }, returnTo })
    },
    async 'accounts.unlink'(caller, { id }) {
      const personId = await mustBeWhole(workshop, caller, 'account.unlink')
      return guard.perform(caller, async (unit, authorize) => {
        const changes = identity.changing(unit)
        const person = await changes.member(caller.organizationId, personId)
        const account = person && (await changes.account(person.email))
        const row = account?.linked.find((one) => one.id === id)
        if (person === undefined || account === undefined || row === undefined) throw absent('account', id)
        await authorize({
          action: 'account.unlink',
          needs: { right: 'manage', owner: { kind: 'user', id: personId } },
          object: { kind: 'member', id: personId, name: person.email },
          details: { provider: row.provider, account: row.accountId },
        })
        const isWayIn = (provider: string) =>
          identityProviders.some((one) => one.accounts === provider && one.signsIn)
        const left = account.linked.filter((one) => one.id !== id && isWayIn(one.provider))
        if (!account.hasPassword && left.length === 0 && isWayIn(row.provider)) throw onlyWayIn()
        return { unlinked: await changes.unlinkAccounts(personId, id) }
      })
    },
  }
}

function onlyBrowsers(): ClavigerError {
  return new ClavigerError('conflict', 'Accounts are linked from a browser that is signed in.', {
    hint: 'Open the console.',
  })
}

function onlyWayIn(): ClavigerError {
  return new ClavigerError('conflict', 'You could not sign in any more.', {
    hint: 'Choose a password first, or link another account.',
  })
}
