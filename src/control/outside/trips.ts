// Sending a browser elsewhere, to an identity provider as a rule, and what comes back with it. The state that comes back is good once, for ten
// minutes, and only in the browser that was sent: what that browser alone has (a cookie) is needed to trade the code in, and
// is kept nowhere.

import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/id.ts'
import type { Identified, IdentityProvider } from '../../providers/identity/identity-provider.ts'
import type { OutsideTripRow } from '../../store/people-groups.ts'
import { isLive } from '../sessions/liveness.ts'
import type { NewCookie } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'

const LIFE_MS = 600_000

/** Where a browser is to go, and what it is to keep until it comes back. */
export interface Sent {
  readonly url: string
  readonly cookie: NewCookie
}

/** What a browser came back with. */
export interface CameBack {
  readonly provider: string
  readonly state: string
  readonly code: string
  /** What the cookie of the trip holds; empty when the browser has none. */
  readonly browser: string
}

export interface Beginning {
  readonly linking: OutsideTripRow['linking']
  readonly returnTo: string
  /** SHA-256 of the cookie of the sign-in that the browser has. */
  readonly had?: string | undefined
}

/** Which sign-in the browser had when it was sent: as `Visitor.browser` says it. */
export function hadBefore({ browser }: CameBack): { readonly had?: string } {
  const had = browser.split('.')[1]
  return had === undefined ? {} : { had }
}

/** Where a browser is sent. */
export type Destination = Pick<IdentityProvider, 'begin'> & { readonly id: string }

/** Begins a trip. Throws `invalid` for a place to return to that is not ours, and what `IdentityProvider.begin` throws. */
export async function send(
  { store, now, random, publicUrl }: Workshop,
  provider: Destination,
  { linking, returnTo, had }: Beginning,
): Promise<Sent> {
  // The cookie of a sign-in does not come along with a browser that another site sends: which it is comes with this one.
  const [state, browser] = [textOf(random(32)), textOf(random(32)) + (had === undefined ? '' : `.${had}`)]
  const createdAt = now()
  const row: OutsideTripRow = {
    ...{ id: newId('trip'), digest: sha256(state), browserDigest: sha256(browser), provider: provider.id },
    ...{ linking, returnTo: ownPath(publicUrl(), returnTo), createdAt, expiresAt: createdAt + LIFE_MS },
  }
  const trip = { redirectUri: redirectUri(publicUrl(), provider), verifier: verifierOf(browser), state }
  const url = await provider.begin(trip)
  await store.atomically(async (unit) => {
    await unit.outsideTrips.prune(createdAt)
    await unit.outsideTrips.insert(row)
  })
  return { url, cookie: { kind: 'trip', value: new Secret(browser), expiresAt: row.expiresAt } }
}

/** The trip that this browser comes back from, which is over then; undefined when it is no trip of this browser's. */
export async function takeTrip(workshop: Workshop, came: TripOf): Promise<OutsideTripRow | undefined> {
  const row = await findTrip(workshop, came)
  return row !== undefined && (await workshop.store.outsideTrips.take(row.id)) ? row : undefined
}

type TripOf = Pick<CameBack, 'provider' | 'state' | 'browser'>

/** The trip that this browser is on, if it is. */
export async function findTrip(
  { store, now }: Pick<Workshop, 'store' | 'now'>,
  { provider, state, browser }: TripOf,
): Promise<OutsideTripRow | undefined> {
  const row = await store.outsideTrips.findByDigest(sha256(state))
  // A trip is not ended by whoever brings its state in another browser.
  if (row?.provider !== provider || row.browserDigest !== sha256(browser)) return undefined
  return row.expiresAt > now() ? row : undefined
}

/** Whether whoever began it is signed in still: the cookie of that does not come with a browser that another site sends. */
export async function isStillSignedIn(
  workshop: Workshop,
  { personId, sessionId }: NonNullable<OutsideTripRow['linking']>,
): Promise<boolean> {
  const sessions = await workshop.store.sessions.ofPerson(personId)
  return sessions.some((one) => one.id === sessionId && isLive(one, workshop))
}

/** Which account it is. Throws what `IdentityProvider.identify` throws. */
export function identify(
  { publicUrl }: Workshop,
  provider: IdentityProvider,
  { code, browser }: CameBack,
): Promise<Identified> {
  const redirect = redirectUri(publicUrl(), provider)
  return provider.identify({ redirectUri: redirect, verifier: verifierOf(browser), code })
}

/** The provider of this id; throws `not_found`. */
export function mustFindProvider(
  { identityProviders }: Workshop,
  id: string,
  use: 'sign-in' | 'link',
): IdentityProvider {
  const found = identityProviders.find((one) => one.id === id && (use === 'link' || one.signsIn))
  if (found !== undefined) return found
  throw new ClavigerError(
    'not_found',
    `Nobody ${use === 'link' ? 'links accounts' : 'signs in'} with that here.`,
    {
      hint: 'See which there are: GET /api/v1/sign-in. The operator sets them up in the configuration.',
    },
  )
}

/** The path, query and fragment as they are on this server; throws `invalid` for anything that leads elsewhere. */
function ownPath(publicUrl: string, text: string): string {
  const own = new URL(publicUrl)
  const url = text.startsWith('/') && URL.canParse(text, own.href) ? new URL(text, own) : undefined
  if (url?.origin === own.origin && !url.pathname.startsWith('//') && url.username === '')
    return url.pathname + url.search + url.hash
  throw new ClavigerError('invalid', 'returnTo: it is not a path of this server.', {
    hint: 'It begins with one slash.',
  })
}

function redirectUri(publicUrl: string, { id }: Pick<Destination, 'id'>): string {
  return `${publicUrl}/auth/callback/${id}`
}

// Of PKCE: from 43 to 128 characters, and not what the cookie holds.
function verifierOf(browser: string): Secret {
  return new Secret(sha256(`verifier ${browser}`))
}

function textOf(random: Uint8Array): string {
  return Buffer.from(random).toString('base64url')
}
