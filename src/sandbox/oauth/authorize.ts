// The page a person signs in on. It agrees by itself unless told otherwise, and sends the code to a loopback
// address, or shows it as `code#state` where that is what the program expects to be pasted.

import { type Answer, type Call, jsonAnswer } from '../http.ts'
import type { OAuthProvider } from './grants.ts'
import type { OAuthState } from './state.ts'
import { unguessable } from './tokens.ts'

/** Redirect addresses a dialect takes besides loopback ones: there the code is shown for pasting. */
export type AuthorizeDialect = {
  readonly provider: OAuthProvider
  readonly pastedAt: readonly string[]
  /** Reads addresses that name nothing but a challenge; the code is shown for pasting then. */
  short?(query: string): { readonly challenge: string; readonly scope: string } | undefined
}

type Wish = {
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
  readonly scope: string
  readonly state: string
}

/** Answers `GET …/oauth/authorize`. */
export function answerAuthorize(call: Call, dialect: AuthorizeDialect, state: OAuthState): Answer {
  const short = dialect.short?.(call.query)
  if (short !== undefined) return answerShort(short, dialect, state)
  const wish = readWish(new URLSearchParams(call.query), dialect)
  if (typeof wish === 'string') return page(400, 'This sign-in cannot start', [escaped(wish)])
  const behaviour = state.settings.authorize
  if (behaviour === 'deny') return refuse(wish, dialect)
  const code = state.authorizations.issue({
    clientId: wish.clientId,
    redirectUri: wish.redirectUri,
    challenge: wish.challenge,
    scope: wish.scope,
    account: state.settings.accounts[dialect.provider],
  })
  const stated = behaviour === 'wrong-state' ? `wrong-${unguessable()}` : wish.state
  if (dialect.pastedAt.includes(wish.redirectUri)) return pasted(code, stated)
  const target = withQuery(wish.redirectUri, { code, state: stated })
  if (behaviour !== 'page') return redirect(target)
  return page(200, 'Sign in to the sandbox', [`<a id="agree" href="${escaped(target)}">Agree</a>`])
}

function answerShort(
  short: { readonly challenge: string; readonly scope: string },
  { provider }: AuthorizeDialect,
  state: OAuthState,
): Answer {
  if (state.settings.authorize === 'deny') return page(200, 'Sign-in was declined', [])
  const code = state.authorizations.issue({
    ...short,
    clientId: null,
    redirectUri: null,
    account: state.settings.accounts[provider],
  })
  return pasted(code, unguessable())
}

/** A page for people. `lines` are HTML. */
export function page(status: number, title: string, lines: readonly string[]): Answer {
  const body = [`<!doctype html><title>${escaped(title)}</title>`, `<h1>${escaped(title)}</h1>`]
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    chunks: [[...body, ...lines.map((line) => `<p>${line}</p>`), ''].join('\n')],
  }
}

/** Text as it may stand in HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** An answer in the shape of RFC 6749. */
export function oauthError(status: number, error: string, description: string): Answer {
  return jsonAnswer(status, { error, error_description: description })
}

function readWish(query: URLSearchParams, dialect: AuthorizeDialect): Wish | string {
  const value = (name: string) => query.get(name) ?? ''
  if (value('response_type') !== 'code') return 'response_type must be code.'
  if (value('client_id') === '') return 'client_id is missing.'
  if (value('code_challenge_method') !== 'S256' || value('code_challenge') === '') {
    return 'A code_challenge with the method S256 is required.'
  }
  const redirectUri = value('redirect_uri')
  if (!isLoopback(redirectUri) && !dialect.pastedAt.includes(redirectUri)) {
    return 'redirect_uri must be an http address of this machine.'
  }
  return {
    clientId: value('client_id'),
    redirectUri,
    challenge: value('code_challenge'),
    scope: value('scope'),
    state: value('state'),
  }
}

function refuse(wish: Wish, dialect: AuthorizeDialect): Answer {
  if (dialect.pastedAt.includes(wish.redirectUri)) return page(200, 'Sign-in was declined', [])
  return redirect(withQuery(wish.redirectUri, { error: 'access_denied', state: wish.state }))
}

function pasted(code: string, state: string): Answer {
  return page(200, 'Paste this into the program', [`<code id="code">${escaped(`${code}#${state}`)}</code>`])
}

function redirect(location: string): Answer {
  return { status: 302, headers: { location }, chunks: [] }
}

function withQuery(address: string, query: Readonly<Record<string, string>>): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(query)) if (value !== '') url.searchParams.set(name, value)
  return url.href
}

function isLoopback(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
}
