// The shape of one provider's sign-in routes.

import type { Answer, Call } from '../http.ts'
import type { OAuthNote, OAuthState } from './state.ts'

/** Answers one call; undefined when the route is not the OAuth server's business after all. */
export type OAuthRoute = (
  call: Call,
  state: OAuthState,
  note: (note: OAuthNote) => void,
) => Answer | undefined | Promise<Answer | undefined>

/** By method and path without the mount: `POST /oauth/token`. */
export type OAuthRoutes = Readonly<Record<string, OAuthRoute>>
