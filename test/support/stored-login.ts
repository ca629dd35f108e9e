// For tests with a whole server: a sign-in with ChatGPT in its database, as if somebody had signed in through it.

import type { MadeLogin } from '../../src/sandbox/oauth/oauth.ts'
import { insertTokens } from './logins.ts'
import { MASTER_KEY } from './replicas.ts'
import { withServerStore } from './server-store.ts'

export interface LoginPlace {
  readonly databaseUrl: string
  readonly organizationId: string
  readonly name: string
}

/** Stores it as the organization's; the server must not run. Returns the id of the credential. */
export function storeLogin(login: MadeLogin, { databaseUrl, ...place }: LoginPlace): Promise<string> {
  const masterKey = Buffer.from(MASTER_KEY, 'hex')
  return withServerStore(databaseUrl, (store) =>
    insertTokens({ store, masterKey, ...place }, login, { issuedAt: Date.now() }),
  )
}
