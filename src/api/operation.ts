// What every operation of the HTTP API says of itself.

import type { GeneralRight, Right } from '../domain/caller.ts'

/**
 * Who may ask. `public`: nobody has to be signed in; a one-time code or a password is part of the question.
 * `signed-in`: whoever holds a token; the answer is about them, or only what they may see. A general right of
 * domain/caller.ts: checked before the use-case begins. `credential:…`: that right over the owner of the credential,
 * checked by the guard when the credential is known. `own-lease`: its holder, or its handle.
 */
export type Permission = 'public' | 'signed-in' | 'own-lease' | GeneralRight | `credential:${Right}`

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Names in braces are taken from the input. What is left of it goes to the query (GET, DELETE) or the body. */
  readonly path: string
  readonly permission: Permission
  readonly summary: string
  /** The media type of a success that is a file; without it, a success is JSON. */
  readonly answers?: string
  /** A success also brings the browser that asks its cookie, or takes it away. */
  readonly cookie?: 'begins' | 'ends'
  /** The status of a success. */
  readonly status: 200 | 201 | 204
}
