// `claviger login`: signs this terminal in. Without more it shows a code and waits until somebody lets it in; it can also
// use an invitation or a token, and let another terminal in.

import { ClavigerError } from '../../domain/errors.ts'
import type { Context } from '../context.ts'

export interface LoginOptions {
  readonly token?: boolean
  readonly invitation?: boolean
  readonly approve?: string
  readonly organization?: string
  readonly name?: string
  readonly open?: boolean
  readonly force?: boolean
  readonly acceptServer?: boolean
}

export async function run(context: Context, options: LoginOptions): Promise<number> {
  const {
    token = false,
    invitation = false,
    approve,
    organization,
    name,
    open = false,
    force = false,
    acceptServer = false,
  } = options
  const ways = [token, invitation, approve !== undefined].filter(Boolean).length
  const misplaced =
    ways > 1 ||
    (ways > 0 && (organization !== undefined || open)) ||
    (name !== undefined && !invitation) ||
    (force && approve === undefined)
  if (misplaced) {
    throw new ClavigerError('invalid', 'These options do not go together.', {
      hint: 'Type one of: claviger login, login --invitation, login --approve CODE, login --token',
    })
  }
  if (approve !== undefined) return (await import('./approve.ts')).approve(context, approve, force)
  if (token) return (await import('./token-login.ts')).loginWithToken(context, acceptServer)
  if (invitation)
    return (await import('./invitation-login.ts')).loginWithInvitation(context, name, acceptServer)
  return (await import('./device-login.ts')).loginByDevice(context, { organization, open, acceptServer })
}
