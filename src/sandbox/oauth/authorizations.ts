// Sign-ins under way: authorization codes waiting to be exchanged. A code is good once, for ten minutes, for
// the client and redirect address it was issued for, and for whoever knows the verifier of its challenge.

import { createHash } from 'node:crypto'
import type { Account } from './grants.ts'
import { unguessable } from './tokens.ts'

const CODE_MS = 10 * 60_000

/** What a person agreed to. */
export type Authorization = {
  /** The client the code is for, or null when it did not say which it is. */
  readonly clientId: string | null
  /** The address the code is sent to, or null for any that ends in `redirectPath`. */
  readonly redirectUri: string | null
  readonly redirectPath?: string
  /** base64url of the SHA-256 digest of the verifier. */
  readonly challenge: string
  readonly scope: string
  readonly account: Account
}

export type Redemption = {
  readonly code: string
  readonly clientId: string | undefined
  readonly redirectUri: string | undefined
  readonly verifier: string | undefined
}

export type Authorizations = {
  /** Makes a code. */
  issue(authorization: Authorization): string
  /** Uses a code up, or says in one sentence why not; a refused code stays as it was. */
  redeem(redemption: Redemption): Authorization | string
}

type Issued = { readonly authorization: Authorization; readonly expiresAt: number; used: boolean }

export function createAuthorizations(now: () => number): Authorizations {
  const codes = new Map<string, Issued>()
  return {
    issue(authorization) {
      const code = `ac_sandbox_${unguessable()}`
      codes.set(code, { authorization, expiresAt: now() + CODE_MS, used: false })
      return code
    },
    redeem(redemption) {
      const issued = codes.get(redemption.code)
      if (issued === undefined) return 'The authorization code is not known.'
      if (issued.used) return 'The authorization code has been used.'
      if (now() >= issued.expiresAt) return 'The authorization code has expired.'
      const problem = mismatch(issued.authorization, redemption)
      if (problem !== undefined) return problem
      issued.used = true
      return issued.authorization
    },
  }
}

/** The S256 challenge of a PKCE verifier. */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

function mismatch(authorization: Authorization, redemption: Redemption): string | undefined {
  if (authorization.clientId !== null && redemption.clientId !== authorization.clientId)
    return 'The code was issued for another client.'
  const { redirectUri, redirectPath } = authorization
  const isSameAddress =
    redirectUri === null
      ? (redemption.redirectUri ?? '').endsWith(redirectPath ?? '')
      : redemption.redirectUri === redirectUri
  if (!isSameAddress) return 'redirect_uri is not the one the code was issued for.'
  if (redemption.verifier === undefined || challengeOf(redemption.verifier) !== authorization.challenge) {
    return 'code_verifier does not match the challenge.'
  }
  return undefined
}
