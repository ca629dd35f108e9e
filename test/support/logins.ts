// Puts logins of the sandbox into the database of a real server, as a sign-in does.

import { insertLogin, type NewPlace, rowOf } from '../../src/control/grants/arriving.ts'
import { GRANT_TIMINGS } from '../../src/control/grants/tools.ts'
import { newId } from '../../src/lib/id.ts'
import { openAiTokens } from '../../src/providers/openai-tokens.ts'
import type { WantedLogin } from '../../src/sandbox/oauth/oauth.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/vault/envelope.ts'

const HOUR = 3_600_000

export interface LoginPlace {
  /** Of a server that does not run, or of one on Postgres. */
  readonly store: Store
  readonly masterKey: Uint8Array
  readonly organizationId: string
}

export interface StoredLogin {
  /** Of the credential. */
  readonly id: string
  /** At the sandbox. */
  readonly login: string
}

/** The access token ends in so many milliseconds; it was issued an hour ago. */
export async function storeLogin(
  { store, masterKey, organizationId }: LoginPlace,
  sandbox: Sandbox,
  endsIn: number,
  settings: WantedLogin['settings'] = {},
): Promise<StoredLogin> {
  const {
    id: login,
    accessToken,
    refreshToken,
    idToken,
  } = sandbox.oauth.login({ provider: 'openai', settings })
  const now = Math.round(await store.now())
  const json = { access_token: accessToken, refresh_token: refreshToken, id_token: idToken }
  const tokens = openAiTokens(json, {}, now - HOUR)
  if (tokens === null) throw new Error('The sandbox has minted no tokens.')
  const timings = { ...GRANT_TIMINGS, margin: 300_000, dead: 4_000, journalGrace: 60_000 }
  const ports = {
    vault: createVault(Buffer.from(masterKey)),
    now: () => now - HOUR,
    timings: { ...timings, lease: 45_000, callTimeout: 15_000, forcedEvery: 300_000 },
  }
  const place: NewPlace = {
    ...{ organizationId, id: newId('cred'), owner: { kind: 'org' }, name: newId('chatgpt') },
    ...{ type: 'codex/oauth', description: '' },
  }
  const ending = { ...tokens, expiresAt: now + endsIn }
  const row = rowOf(ports, place, ending, 'test')
  await store.atomically((unit) => insertLogin(ports, unit, row, ending, { by: 'test', note: 'signed in' }))
  return { id: row.id, login }
}
