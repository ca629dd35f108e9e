// An OpenID provider: discovered from its issuer, with the authorization code flow. Its id token is checked by jose with the
// keys it publishes; what it says counts only for this client, this trip and this moment.

import { createHash } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import type { Secret } from '../../domain/secret.ts'
import { type JsonObject, joinUrl, textOf } from '../../lib/json/ask-json.ts'
import { askObject, type ClientOptions, challenge, notRight, pageAt, trade } from './exchange.ts'
import type { Identified, IdentityProvider, Trip } from './identity-provider.ts'

const REMEMBERED_MS = 600_000
const TOLERANCE_SECONDS = 60
// Only those that a published key proves: a secret of both sides is none, and neither is nothing.
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

export interface OidcOptions extends ClientOptions {
  readonly issuer: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

interface Discovered {
  readonly authorize: string
  readonly token: string
  readonly keys: string
  readonly userInfo: string
  readonly byHeader: boolean
}

export function oidcProvider(options: OidcOptions): IdentityProvider {
  const { issuer, name, clientId, now } = options
  let remembered: { readonly found: Discovered; readonly until: number } | undefined

  async function discover(): Promise<Discovered> {
    if (remembered !== undefined && remembered.until > now()) return remembered.found
    const url = joinUrl(issuer, '/.well-known/openid-configuration')
    const found = discovered(await askObject({ method: 'GET', url, headers: {} }, options), options)
    remembered = { found, until: now() + REMEMBERED_MS }
    return found
  }

  return {
    ...{ id: 'oidc', name, accounts: `oidc ${issuer}`, signsIn: true },
    async begin({ redirectUri, state, verifier }) {
      const { authorize } = await discover()
      return pageAt(authorize, {
        ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri },
        ...{ scope: 'openid email profile', state, nonce: nonceOf(verifier), ...challenge(verifier) },
      })
    },
    async identify(trip) {
      const found = await discover()
      const answer = await trade(found.token, trip, options, found.byHeader)
      const claims = await checked(answer, found, trip, options)
      return identified(claims.sub, await withEmail(claims, answer.access_token, found, options))
    },
  }
}

function discovered(json: JsonObject, { issuer, name }: OidcOptions): Discovered {
  // A document of another issuer would make us believe another one's tokens.
  if (textOf(json['issuer']).replace(/\/$/, '') !== issuer.replace(/\/$/, ''))
    throw notRight(name, 'its configuration names another issuer')
  const methods = json['token_endpoint_auth_methods_supported']
  const found = {
    authorize: textOf(json['authorization_endpoint']),
    token: textOf(json['token_endpoint']),
    keys: textOf(json['jwks_uri']),
    userInfo: textOf(json['userinfo_endpoint']),
    byHeader: !Array.isArray(methods) || methods.includes('client_secret_basic'),
  }
  if (!URL.canParse(found.authorize) || found.token === '' || found.keys === '')
    throw notRight(name, 'its configuration is not complete')
  return found
}

type Claims = JWTPayload & { readonly sub: string }

async function checked(answer: JsonObject, { keys }: Discovered, { verifier }: Trip, options: OidcOptions) {
  const { clientId, issuer, name, now } = options
  const published = await askObject({ method: 'GET', url: keys, headers: {} }, options)
  try {
    const { payload } = await jwtVerify(
      textOf(answer['id_token']),
      createLocalJWKSet(published as unknown as JSONWebKeySet),
      {
        ...{ issuer: [issuer, `${issuer}/`], audience: clientId, algorithms: ALGORITHMS },
        ...{ clockTolerance: TOLERANCE_SECONDS, currentDate: new Date(now()) },
        requiredClaims: ['sub', 'iat', 'exp', 'nonce'],
      },
    )
    // Of other providers' numbers there is none that two people could not have.
    const sub = textOf(payload.sub)
    if (sub === '') throw notRight(name, 'its id token has a subject that is no text')
    const several = Array.isArray(payload.aud) && payload.aud.length > 1
    if (payload['nonce'] !== nonceOf(verifier)) throw notRight(name, 'its id token is of another trip')
    if (several && payload['azp'] !== clientId) throw notRight(name, 'its id token is of another client')
    return { ...payload, sub }
  } catch (error) {
    // Its message may quote the token.
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw notRight(name, `its id token does not hold: ${reason}`)
  }
}

// Some tell the e-mail only to whoever asks with the access token.
async function withEmail(
  claims: Claims,
  accessToken: string,
  { userInfo }: Discovered,
  options: OidcOptions,
): Promise<JsonObject> {
  if (textOf(claims['email']) !== '' || userInfo === '') return claims
  const headers = { authorization: `Bearer ${accessToken}` }
  const told = await askObject({ method: 'GET', url: userInfo, headers }, options)
  if (told['sub'] !== claims.sub) throw notRight(options.name, 'what it tells is of somebody else')
  return { ...claims, ...told }
}

function identified(accountId: string, told: JsonObject): Identified {
  const email = textOf(told['email'])
  const isVerified = told['email_verified'] === true || told['email_verified'] === 'true'
  return {
    accountId,
    name: textOf(told['preferred_username']) || textOf(told['name']) || email || accountId,
    verifiedEmail: isVerified && email !== '' ? email : null,
  }
}

// Not the verifier itself: it is in an address, and comes back in a token.
function nonceOf(verifier: Secret): string {
  return createHash('sha256').update(`nonce ${verifier.expose()}`).digest('base64url')
}
