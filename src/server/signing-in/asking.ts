// Who asks: whoever holds a token, the person a browser is signed in with, or, where that is enough, nobody in particular.
// A cookie goes wherever a browser sends it, so it counts only for requests of our own pages. A token, where there is one,
// comes first.

import { OPERATIONS, type OperationName } from '../../api/operations.ts'
import type { Authenticate } from '../../control/authenticate.ts'
import type { Visitor } from '../../control/use-case.ts'
import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Connection, Visitors } from '../visitors.ts'
import { cookieHeader, cookieIn } from './cookies.ts'
import { addressSeen, browserOf, isOwnReading, isOwnRequest } from './origin.ts'

export interface AskingDependencies {
  readonly authenticate: Authenticate
  readonly visitors: Visitors
  readonly publicUrl: () => string
}

/** Throws `unauthenticated`, `forbidden` for a cookie that another site has sent, or `rate_limited`. */
export async function whoAsks(
  { authenticate, visitors, publicUrl }: AskingDependencies,
  name: OperationName,
  request: Request,
  connection: Connection | undefined,
  requestId: string,
): Promise<Caller | Visitor> {
  const { permission, cookie: begins } = OPERATIONS[name]
  const own = addressSeen(publicUrl(), request)
  if (permission === 'public') {
    const visitor = visitors.asking(request, connection, requestId)
    return begins === undefined || !isOwnRequest(own, request)
      ? visitor
      : { ...visitor, ...browserOf(own, request) }
  }
  const token = bearerOf(request)
  if (token !== undefined) return authenticate(token, requestId)
  const cookie = cookieIn(own, request)
  if (cookie === undefined) throw needsToken()
  if (!(changesNothing(request) ? isOwnReading(request) : isOwnRequest(own, request))) throw foreign(own)
  return authenticate(cookie, requestId, 'cookie')
}

/** For an answer of 401 to a cookie: takes away what is good for nothing any more. */
export function goneCookie(
  publicUrl: string,
  name: OperationName,
  request: Request,
): ReturnType<typeof cookieHeader> {
  const own = addressSeen(publicUrl, request)
  const byCookie =
    OPERATIONS[name].permission !== 'public' &&
    request.headers.get('authorization') === null &&
    cookieIn(own, request) !== undefined
  return cookieHeader(own, byCookie ? 'none' : undefined)
}

function changesNothing({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}

// Undefined when there is none at all; one that is malformed is none of ours.
function bearerOf(request: Request): string | undefined {
  const header = request.headers.get('authorization')
  if (header === null) return undefined
  const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header)?.[1]
  if (token !== undefined) return token
  throw needsToken()
}

function needsToken(): ClavigerError {
  return new ClavigerError('unauthenticated', 'This needs a token.', {
    hint: 'Send Authorization: Bearer TOKEN. On the command line: claviger login, or set CLAVIGER_TOKEN.',
  })
}

function foreign(own: string): ClavigerError {
  return new ClavigerError('forbidden', 'This did not come from a page of this server.', {
    hint: `Open ${own} and do it there.`,
  })
}
