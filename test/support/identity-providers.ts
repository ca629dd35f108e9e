// An honest OpenID provider, GitHub and Linear on loopback: real codes that work once, PKCE, client secrets, id tokens signed
// with a published key. Whoever opens their authorize page is signed in there as `who`. What they do wrong is asked for.

import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export const CLIENT = { id: 'claviger-client', secret: 'not-a-real-client-secret' }

export interface Somebody {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly isVerified: boolean
}

export interface IdentityProviders {
  readonly url: string
  /** Who is signed in there. */
  who: Somebody
  /** Changes an id token before it is signed. */
  forge: (claims: JWTPayload) => JWTPayload
  /** Signs id tokens with a key that is not published. */
  usesOtherKey: boolean
  /** Answers nothing but this status at the token endpoint. */
  fails: number | null
  /** Tells the e-mail at the user info endpoint only. */
  tellsLate: boolean
  /** Every code that was traded in. */
  readonly traded: string[]
  close(): Promise<void>
}

interface Issued {
  readonly query: URLSearchParams
  readonly who: Somebody
}

export async function startIdentityProviders(): Promise<IdentityProviders> {
  const [published, other] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
  const codes = new Map<string, Issued>() // code → what it was issued for
  const tokens = new Map<string, Somebody>() // access token → whose
  const state: Omit<IdentityProviders, 'url' | 'close'> = {
    who: { id: '1', name: 'nobody', email: null, isVerified: false },
    forge: (claims) => claims,
    ...{ usesOtherKey: false, fails: null, tellsLate: false, traded: [] },
  }

  async function idToken(issuer: string, { query, who }: Issued): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const email = { email: who.email, email_verified: who.isVerified }
    const claims = state.forge({
      ...{ iss: issuer, aud: CLIENT.id, sub: who.id, iat: now, exp: now + 300, nonce: query.get('nonce') },
      ...{ preferred_username: who.name, ...(state.tellsLate ? {} : email) },
    })
    const key = state.usesOtherKey ? other.privateKey : published.privateKey
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key)
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const back = new URL(query.get('redirect_uri') ?? '')
    const code = randomBytes(16).toString('hex')
    codes.set(code, { query, who: state.who })
    back.searchParams.set('code', code)
    back.searchParams.set('state', query.get('state') ?? '')
    response.writeHead(302, { location: back.href }).end()
  }

  async function trade(issuer: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (state.fails !== null) return void response.writeHead(state.fails).end('{}')
    const form = new URLSearchParams(await bodyOf(request))
    const code = form.get('code') ?? ''
    const issued = codes.get(code)
    codes.delete(code)
    if (issued === undefined || !isRight(form, issued.query, request)) {
      // GitHub does so with 200.
      const status = request.url?.startsWith('/login') ? 200 : 400
      return void json(response, { error: 'invalid_grant' }, status)
    }
    state.traded.push(code)
    const token = randomBytes(16).toString('hex')
    tokens.set(token, issued.who)
    const isOpenId = issued.query.get('scope')?.includes('openid') === true
    json(response, {
      access_token: token,
      token_type: 'bearer',
      ...(isOpenId && { id_token: await idToken(issuer, issued) }),
    })
  }

  const server = createServer((request, response) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { pathname, searchParams } = new URL(request.url ?? '', url)
    const who = tokens.get(request.headers.authorization?.replace(/^bearer /i, '') ?? '')
    if (pathname.endsWith('/authorize')) return authorize(searchParams, response)
    if (/\/(access_token|token)$/.test(pathname)) return void trade(url, request, response)
    if (pathname === '/.well-known/openid-configuration') {
      const at = (path: string) => `${url}${path}`
      return json(response, {
        ...{ issuer: url, authorization_endpoint: at('/oidc/authorize'), token_endpoint: at('/oidc/token') },
        ...{ jwks_uri: at('/oidc/keys'), userinfo_endpoint: at('/oidc/me') },
      })
    }
    if (pathname === '/oidc/keys')
      return void exportJWK(published.publicKey).then((key) =>
        json(response, { keys: [{ ...key, kid: 'one', alg: 'RS256' }] }),
      )
    if (who === undefined) return json(response, { message: 'not signed in' }, 401)
    if (pathname === '/oidc/me')
      return json(response, { sub: who.id, email: who.email, email_verified: who.isVerified })
    if (pathname === '/api/v3/user')
      return json(response, { id: Number(who.id), login: who.name, email: 'shown@elsewhere.test' })
    if (pathname === '/api/v3/user/emails')
      return json(response, [
        { email: 'second@elsewhere.test', primary: false, verified: true },
        { email: who.email, primary: true, verified: who.isVerified },
      ])
    if (pathname === '/graphql') return json(response, { data: { viewer: { id: who.id, name: who.name } } })
    json(response, { message: 'nothing here' }, 404)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  })
}

function isRight(form: URLSearchParams, query: URLSearchParams, request: IncomingMessage): boolean {
  const [id, secret] = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64')
    .toString()
    .split(':')
  const digest = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  return (
    (id || form.get('client_id')) === CLIENT.id &&
    (secret ?? form.get('client_secret')) === CLIENT.secret &&
    form.get('redirect_uri') === query.get('redirect_uri') &&
    query.get('client_id') === CLIENT.id &&
    query.get('code_challenge_method') === 'S256' &&
    query.get('code_challenge') === digest
  )
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
