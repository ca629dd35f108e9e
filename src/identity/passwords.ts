// Passwords of people: better-auth's own hash, in its own table, so that signing in through it finds them too.

import type { Kysely } from 'kysely'
import { sha256 } from '../lib/digest.ts'
import type { Passwords } from './identity.ts'
import type { Execute } from './statements.ts'
import type { PeopleTables } from './tables.ts'

/** What better-auth calls a password among the ways to sign in. */
export const PASSWORD_PROVIDER = 'credential'

export interface PasswordHash {
  hash(password: string): Promise<string>
  verify(data: { hash: string; password: string }): Promise<boolean>
}

export function createPasswords(
  database: Kysely<PeopleTables>,
  execute: Execute,
  hashing: () => Promise<PasswordHash>,
): Passwords {
  // Checked when there is nothing to check, so that the time says nothing about who has an account.
  let nobodys: Promise<string> | undefined
  const provePassword: Passwords['provePassword'] = async (email, password) => {
    const { hash, verify } = await hashing()
    nobodys ??= hash('the password of nobody')
    const query = database
      .selectFrom('person')
      .innerJoin('person_account', 'person_account.userId', 'person.id')
      .where('person.email', '=', email.toLowerCase())
      .where('person_account.providerId', '=', PASSWORD_PROVIDER)
      .select(['person.id', 'person_account.password'])
    const found = (await execute(query.compile())).rows[0]
    const kept = found?.password ?? null
    const right = await verify({ hash: kept ?? (await nobodys), password: password.expose() })
    return found !== undefined && kept !== null && right ? { personId: found.id, mark: markOf(kept) } : null
  }
  return {
    hashPassword: async (password) => (await hashing()).hash(password.expose()),
    provePassword,
    checkPassword: async (email, password) => (await provePassword(email, password))?.personId ?? null,
    hasPassword: async (personId) => {
      const query = database
        .selectFrom('person_account')
        .select('id')
        .where('userId', '=', personId)
        .where('providerId', '=', PASSWORD_PROVIDER)
        .where('password', 'is not', null)
      return (await execute(query.compile())).rows.length > 0
    },
  }
}

/** What stands for a password whose hash is kept. */
export function markOf(hash: string): string {
  return sha256(hash)
}
