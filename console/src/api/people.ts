// Who is signed in here, and signing in and out. The cookie is the browser's and the server's business.

import { type QueryClient, queryOptions, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { overFetch } from '../../../src/client/exchange.ts'
import { parse, problemOf, unreachable } from '../../../src/client/problem.ts'
import { api, SERVER } from './client.ts'
import { problemOf as shown } from './problem.ts'

interface Named {
  readonly id: string
  readonly name: string
}

export interface Session {
  readonly person: {
    readonly id: string
    readonly email: string
    readonly name: string
    readonly role: string
    readonly teams: readonly string[]
    readonly secondFactor: boolean
    readonly hasPassword: boolean
  }
  readonly organization: Named
  readonly organizations: readonly Named[]
  readonly operator: boolean
}

export interface SignInMethods {
  readonly password: boolean
  readonly providers: readonly Named[]
  /** False over plain http from another machine: browsers keep no cookie then. */
  readonly takesCookies: boolean
}

export interface Credentials {
  readonly email: string
  readonly password: string
  readonly code?: string
}

const send = overFetch()

async function ask<T>(method: string, path: string, body: object | null): Promise<T> {
  const headers = { accept: 'application/json', ...(body !== null && { 'content-type': 'application/json' }) }
  const exchange = { method, url: `${SERVER}${path}`, headers, timeoutMs: 30_000 }
  const answer = await send({ ...exchange, body: body === null ? null : JSON.stringify(body) }).catch(
    (cause: unknown) => {
      throw unreachable(SERVER, cause)
    },
  )
  if (answer.status < 200 || answer.status > 299) throw problemOf(answer, SERVER)
  return parse(answer.text) as T
}

export const sessionQuery = queryOptions({
  queryKey: ['session.read', {}] as const,
  queryFn: async (): Promise<Session> => {
    try {
      return await ask<Session>('GET', '/api/v1/session', null)
    } catch (thrown) {
      if (shown(thrown).code !== 'not_found') throw thrown
      return fromToken()
    }
  },
  staleTime: 60_000,
})

async function fromToken(): Promise<Session> {
  const { id, name, role, teams, organization, operator } = await api.call('whoami', {})
  const person = { id, email: name, name, role, teams, secondFactor: false, hasPassword: true }
  return { person, organization, organizations: [organization], operator }
}

/** Who is signed in: pages inside the shell are only shown to somebody. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data
}

const methodsQuery = queryOptions({
  queryKey: ['signIn.methods', {}] as const,
  queryFn: () => ask<SignInMethods>('GET', '/api/v1/sign-in', null),
})

export function useSignInMethods() {
  return useQuery(methodsQuery)
}

/** `second-factor`: ask for a code, and call it again with all of it. */
export async function signIn(credentials: Credentials): Promise<'signed-in' | 'second-factor'> {
  const { state } = await ask<{ state: 'signed-in' | 'second-factor' }>(
    'POST',
    '/api/v1/session',
    credentials,
  )
  return state
}

/** Where the browser goes to sign in there; it comes back to the path. */
export async function signInElsewhere(provider: string, returnTo: string): Promise<string> {
  const path = `/api/v1/sign-in/${encodeURIComponent(provider)}`
  return (await ask<{ url: string }>('POST', path, { returnTo })).url
}

/** Nothing of the person who leaves stays in the page. */
export async function signOut(queries: QueryClient): Promise<void> {
  await ask('DELETE', '/api/v1/session', null)
  queries.clear()
}

/** Everything that is shown belongs to an organization. */
export async function switchOrganization(queries: QueryClient, organization: string): Promise<void> {
  await ask('POST', '/api/v1/session/organization', { organization })
  queries.clear()
}

export interface Accepted {
  readonly organization: Named
  readonly person: { readonly email: string; readonly role: string }
  /** False where a second factor is asked for: they sign in with the new password and a code. */
  readonly signedIn?: boolean
}

export interface Acceptance {
  readonly code: string
  readonly password: string
  readonly name?: string
  readonly email?: string
}

/** Uses an invitation or a sign-in link, and signs in. */
export function accept(acceptance: Acceptance): Promise<Accepted> {
  return ask<Accepted>('POST', '/api/v1/invitations/accept', { ...acceptance, session: true })
}
