// Who is signed in here, and signing in and out. The cookie is the browser's and the server's business.

import { useSuspenseQuery } from '@tanstack/react-query'
import type { Output, Request } from '../../../src/api/schemas.ts'
import { api, BASE } from './client.ts'
import { forgetDrafts } from './drafts.ts'
import { reading } from './queries.ts'
import { forgetUnderWay } from './under-way.ts'

export type Session = Output<'session.read'>

export const sessionQuery = { ...reading('session.read', {}), staleTime: 60_000 }

/** Who is signed in: pages inside the shell are only shown to somebody. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data
}

export type Credentials = Request<'session.create'>

/** `second-factor`: ask for a code, and call it again with all of it. */
export async function signIn(credentials: Credentials): Promise<string> {
  return (await api.call('session.create', credentials)).state
}

/** Where the browser goes to sign in there; it comes back to the path. */
export async function signInElsewhere(provider: string, returnTo: string): Promise<string> {
  return (await api.call('signIn.start', { provider, returnTo })).url
}

/** Nothing of the person who leaves stays in the page: it is loaded anew. */
export async function signOut(): Promise<void> {
  await api.call('session.end', {})
  signedOut()
}

/** After a session has ended. */
export function signedOut(): void {
  forgetUnderWay()
  forgetDrafts()
  location.assign(`${BASE}/sign-in`)
}

/** Everything that is shown belongs to an organization: it is loaded anew. */
export async function switchOrganization(organization: string): Promise<void> {
  await api.call('session.switch', { organization })
  forgetDrafts()
  location.assign(`${BASE}/`)
}
