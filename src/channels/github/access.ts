// In whose name GitHub is asked: an App, which gets a token for one repository and for what it is about to do, or whoever a
// plain token belongs to.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { isObject, type JsonObject, textOf } from '../../lib/json/ask-json.ts'
import type { Means } from '../channel.ts'
import { ask, askObject, type GithubApi, isGone, isMissing, unreliable } from './api.ts'
import { numberOf, objectOf } from './reading.ts'

/** Who asks. */
export type Identity =
  | { readonly is: 'app'; readonly id: string; readonly jwt: Secret }
  | { readonly is: 'account'; readonly token: Secret }

/** What a token may do; names and levels are GitHub's. */
export type Permissions = Readonly<Record<string, 'read' | 'write'>>

export const READING: Permissions = { issues: 'read', pull_requests: 'read' }
export const WRITING: Permissions = { issues: 'write', pull_requests: 'write' }
export const CLONING: Permissions = { contents: 'read' }

/** What an App needs for all of it. Everybody's App may read what repositories are called. */
export const OF_THE_APP: Permissions = { ...WRITING, ...CLONING, metadata: 'read' }

// Seconds. GitHub takes ten minutes at most; its clock and ours may differ.
const JWT_LIFE = 480
const JWT_EARLIER = 60

/** Throws `invalid` when the channel has neither an App nor a token. */
export async function identityOf({ settings, secrets, now }: Means): Promise<Identity> {
  const [id, key, token] = [settings['appId'], secrets['privateKey'], secrets['token']]
  if (id !== undefined && key !== undefined) return { is: 'app', id, jwt: await signed(id, key, now) }
  if (token !== undefined && id === undefined) return { is: 'account', token }
  throw new ClavigerError('rejected', 'This channel has neither an App of GitHub nor a token.', {
    hint: 'Give it the number and the private key of an App, or a token and no App.',
  })
}

export interface RepositoryToken {
  readonly token: Secret
  /** Milliseconds since 1970; null: nobody has said. */
  readonly expiresAt: number | null
  /** Of the App on this repository; null: it is a plain token. */
  readonly installation: string | null
}

/**
 * What asks about one repository. Of an App: a new token that reaches this one and has these permissions, no more. `known`:
 * the installation it had last.
 */
export async function tokenFor(
  api: GithubApi,
  identity: Identity,
  repository: string,
  permissions: Permissions,
  known?: string,
): Promise<RepositoryToken> {
  if (identity.is === 'account') return { token: identity.token, expiresAt: null, installation: null }
  // An App that was installed anew has another number there.
  const first = known === undefined ? null : await minted(api, identity.jwt, known, repository, permissions)
  if (first !== null) return first
  const installation = numberOf(
    (
      await askObject(api, {
        ...{ method: 'GET', path: `/repositories/${repository}/installation`, token: identity.jwt },
      })
    )['id'],
  )
  if (installation === null) throw unreliable(200)
  const token = await minted(api, identity.jwt, installation, repository, permissions)
  if (token === null) throw isGone()
  return token
}

/** Ends a token of an App, which says so itself. One that GitHub does not take any more has ended. */
export async function endToken(api: GithubApi, token: Secret): Promise<void> {
  await ask(api, { method: 'DELETE', path: '/installation/token', token }).catch((thrown: unknown) => {
    if (!(thrown instanceof ClavigerError) || thrown.code !== 'rejected') throw thrown
  })
}

async function minted(
  api: GithubApi,
  jwt: Secret,
  installation: string,
  repository: string,
  permissions: Permissions,
): Promise<RepositoryToken | null> {
  const answer = await ask(api, {
    ...{ method: 'POST', path: `/app/installations/${installation}/access_tokens`, token: jwt },
    ...{ body: { repository_ids: [Number(repository)], permissions }, mayBeForbidden: true },
  })
  if (isMissing(answer)) return null
  const { status, json } = answer
  if (status === 403) throw isSuspended()
  if (!isObject(json)) throw unreliable(status)
  const [token, expiresAt] = [textOf(json['token']), Date.parse(textOf(json['expires_at']))]
  if (token === '' || !Number.isFinite(expiresAt) || isWider(json, repository, permissions))
    throw unreliable(status)
  return { token: new Secret(token), expiresAt, installation }
}

// Not `rejected`: elsewhere the same App may work.
function isSuspended(): ClavigerError {
  return new ClavigerError('unavailable', 'The App is suspended where it is installed.', {
    hint: 'Whoever owns the account at GitHub can lift that, on the page of the installation.',
  })
}

// Whether it reaches, or may do, more than it was asked for.
function isWider(answer: JsonObject, repository: string, permissions: Permissions): boolean {
  const repositories = answer['repositories']
  const reaches = Array.isArray(repositories) ? repositories.filter(isObject) : []
  const isOther = reaches.some((one) => numberOf(one['id']) !== repository)
  const more = Object.entries(objectOf(answer, 'permissions')).some(
    ([name, level]) => name !== 'metadata' && permissions[name] !== level,
  )
  return answer['repository_selection'] === 'all' || isOther || more
}

async function signed(id: string, key: Secret, now: number): Promise<Secret> {
  const seconds = Math.floor(now / 1000)
  const jwt = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(id)
    .setIssuedAt(seconds - JWT_EARLIER)
    .setExpirationTime(seconds + JWT_LIFE)
    .sign(keyIn(key))
  return new Secret(jwt)
}

function keyIn(key: Secret): KeyObject {
  let read: KeyObject | null = null
  try {
    read = createPrivateKey(key.expose())
  } catch {
    // What is wrong with it would be told with parts of it.
    read = null
  }
  if (read?.asymmetricKeyType === 'rsa') return read
  throw new ClavigerError('rejected', 'The private key of this channel is no RSA key.', {
    hint: 'Download a new one on the page of the App: claviger admin channel update NAME --secret-file privateKey=FILE',
  })
}
