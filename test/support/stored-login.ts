// For tests with a whole server: a sign-in with ChatGPT in its database, as if somebody had signed in through it.

import { insertLogin, rowOf } from '../../src/control/grants/arriving.ts'
import { GRANT_TIMINGS } from '../../src/control/grants/tools.ts'
import { newId } from '../../src/lib/id.ts'
import { openAiTokens } from '../../src/providers/openai-tokens.ts'
import type { MadeLogin } from '../../src/sandbox/oauth/oauth.ts'
import { createVault } from '../../src/vault/envelope.ts'
import { TIMINGS } from './grants.ts'
import { MASTER_KEY } from './replicas.ts'
import { withServerStore } from './server-store.ts'

export interface LoginPlace {
  readonly databaseUrl: string
  readonly organizationId: string
  readonly name: string
}

/** Stores it as the organization's; the server must not run. Returns the id of the credential. */
export function storeLogin(login: MadeLogin, place: LoginPlace): Promise<string> {
  const { organizationId, name } = place
  const ports = {
    vault: createVault(Buffer.from(MASTER_KEY, 'hex')),
    now: Date.now,
    timings: { ...TIMINGS, ...GRANT_TIMINGS },
  }
  const { idToken, accessToken, refreshToken } = login
  const answer = { id_token: idToken, access_token: accessToken, refresh_token: refreshToken }
  const tokens = openAiTokens(answer, {}, Date.now())
  if (tokens === null) throw new Error('the sandbox made no tokens')
  const where = { organizationId, id: newId('cred'), owner: { kind: 'org' } as const, name }
  const row = rowOf(ports, { ...where, type: 'codex/oauth', description: '' }, tokens, 'test')
  return withServerStore(place.databaseUrl, async (store) => {
    await store.atomically((unit) => insertLogin(ports, unit, row, tokens, { by: 'test', note: 'signed in' }))
    return row.id
  })
}
