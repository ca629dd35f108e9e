// Puts logins of the sandbox into the database of a real server, as a sign-in does.

import { insertLogin, type NewPlace, rowOf } from '../../src/control/grants/arriving.ts'
import { newId } from '../../src/lib/id.ts'
import { openAiTokens } from '../../src/providers/openai-tokens.ts'
import type { MadeLogin, WantedLogin } from '../../src/sandbox/oauth/oauth.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Store } from '../../src/store/store.ts'
import { createVault } from '../../src/vault/envelope.ts'
import { TIMINGS } from './grants.ts'

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
  const login = sandbox.oauth.login({ provider: 'openai', settings })
  const now = Math.round(await store.now())
  const place = { store, masterKey, organizationId, name: newId('chatgpt') }
  const id = await insertTokens(place, login, { issuedAt: now - HOUR, expiresAt: now + endsIn })
  return { id, login: login.id }
}

/** Stores what the sandbox has minted as a login of the organization. Returns the id of the credential. */
export async function insertTokens(
  { store, masterKey, organizationId, name }: LoginPlace & { readonly name: string },
  { accessToken, refreshToken, idToken }: MadeLogin,
  { issuedAt, ...ending }: { readonly issuedAt: number; readonly expiresAt?: number },
): Promise<string> {
  const ports = { vault: createVault(Buffer.from(masterKey)), now: () => issuedAt, timings: TIMINGS }
  const json = { access_token: accessToken, refresh_token: refreshToken, id_token: idToken }
  const minted = openAiTokens(json, {}, issuedAt)
  if (minted === null) throw new Error('The sandbox has minted no tokens.')
  const tokens = { ...minted, ...ending }
  const place: NewPlace = {
    ...{ organizationId, id: newId('cred'), owner: { kind: 'org' }, name },
    ...{ type: 'codex/oauth', description: '' },
  }
  const row = rowOf(ports, place, tokens, 'test')
  await store.atomically((unit) => insertLogin(ports, unit, row, tokens, { by: 'test', note: 'signed in' }))
  return row.id
}
