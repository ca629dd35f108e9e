// What is a person's own: how they are called, and their password. The person's row is locked first, so that a password
// is there once.

import { newId } from '../../lib/id.ts'
import type { Account, AccountChanges } from '../identity.ts'
import { markOf, PASSWORD_PROVIDER } from '../passwords.ts'
import { absent, accountTaken, emailTaken, namelessAccount } from '../refusals.ts'
import { orTaken, type PeopleUnit, timestamp } from './unit.ts'

export function accountChanges(unit: PeopleUnit): AccountChanges {
  const { database, execute } = unit
  return {
    account: (email) => account(unit, email),
    async holds({ personId, mark }) {
      await lockPerson(unit, personId)
      const kept = database
        .selectFrom('person_account')
        .select('password')
        .where('userId', '=', personId)
        .where('providerId', '=', PASSWORD_PROVIDER)
      const hash = (await execute(kept.compile())).rows[0]?.password ?? null
      return hash !== null && markOf(hash) === mark
    },
    async setPassword(personId, hash) {
      await lockPerson(unit, personId)
      const now = timestamp()
      const changed = database
        .updateTable('person_account')
        .set({ password: hash, updatedAt: now })
        .where('userId', '=', personId)
        .where('providerId', '=', PASSWORD_PROVIDER)
      if ((await execute(changed.compile())).numAffectedRows !== 0n) return
      const row = {
        id: newId('account'),
        accountId: personId,
        providerId: PASSWORD_PROVIDER,
        userId: personId,
        password: hash,
        label: null,
        createdAt: now,
        updatedAt: now,
      }
      await execute(database.insertInto('person_account').values(row).compile())
    },
    async linkAccount(personId, { provider, accountId, name }) {
      // That of everybody whose provider says nothing.
      if (accountId === '') throw namelessAccount()
      await lockPerson(unit, personId)
      const now = timestamp()
      const row = {
        ...{ id: newId('account'), accountId, providerId: provider, userId: personId, label: name },
        ...{ password: null, createdAt: now, updatedAt: now },
      }
      const linked = database.insertInto('person_account').values(row)
      await orTaken(execute(linked.compile()), () => accountTaken())
    },
    async unlinkAccounts(personId, id) {
      await lockPerson(unit, personId)
      const all = database
        .deleteFrom('person_account')
        .where('userId', '=', personId)
        .where('providerId', '<>', PASSWORD_PROVIDER)
      const meant = id === undefined ? all : all.where('id', '=', id)
      return ((await execute(meant.compile())).numAffectedRows ?? 0n) > 0n
    },
    async setProfile(personId, { email, name }) {
      const before = await lockPerson(unit, personId)
      const address = (email ?? before).toLowerCase()
      const changed = database
        .updateTable('person')
        .set({
          updatedAt: timestamp(),
          ...(name !== undefined && { name }),
          // Whoever could show that the old one is theirs has not shown it of the new one.
          ...(address !== before && { email: address, emailVerified: 0 }),
        })
        .where('id', '=', personId)
      await orTaken(execute(changed.compile()), () => emailTaken(address))
    },
  }
}

// Whoever becomes a member refers to the person's row, and so waits for whoever has locked it.
async function account(
  { database, execute, engine }: PeopleUnit,
  email: string,
): Promise<Account | undefined> {
  const row = database.selectFrom('person').select('id').where('email', '=', email.toLowerCase())
  const found = (await execute((engine === 'sqlite' ? row : row.forUpdate()).compile())).rows[0]
  if (found === undefined) return undefined
  const passwords = database
    .selectFrom('person_account')
    .select('id')
    .where('userId', '=', found.id)
    .where('providerId', '=', PASSWORD_PROVIDER)
    .where('password', 'is not', null)
  const linked = database
    .selectFrom('person_account')
    .select(['id', 'providerId as provider', 'accountId'])
    .where('userId', '=', found.id)
    .where('providerId', '<>', PASSWORD_PROVIDER)
  const members = database.selectFrom('member').select('organizationId').where('userId', '=', found.id)
  return {
    id: found.id,
    hasPassword: (await execute(passwords.compile())).rows.length > 0,
    linked: (await execute(linked.compile())).rows,
    organizations: (await execute(members.compile())).rows.map(({ organizationId }) => organizationId),
  }
}

// Returns the e-mail.
async function lockPerson({ database, execute, engine }: PeopleUnit, personId: string): Promise<string> {
  const row = database.selectFrom('person').select('email').where('id', '=', personId)
  const { rows } = await execute((engine === 'sqlite' ? row : row.forUpdate()).compile())
  if (rows[0] === undefined) throw absent('person', personId)
  return rows[0].email
}
