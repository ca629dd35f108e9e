// From a bearer token to a Caller. Tokens are looked up by digest; what is found is remembered for half a second, and
// forgotten at once when a server of this database says that a holder may have changed. So a revoked token is refused
// everywhere at once, and within a second when that signal was lost.

import { timingSafeEqual } from 'node:crypto'
import type { Caller } from '../domain/caller.ts'
import { ClavigerError } from '../domain/errors.ts'
import { codeKind, isSession, leaseOfHandle, tokenKind, UNKNOWN_TOKEN } from '../domain/token.ts'
import { sha256 } from '../lib/digest.ts'
import type { SessionRow } from '../store/people-groups.ts'
import type { LeaseRow, TokenRow } from '../store/store.ts'
import { agentCaller, workerCaller } from './machines/callers.ts'
import { endOfSession, isLive, isSessionLive, SIGNED_OUT } from './sessions/liveness.ts'
import { weaker } from './tokens.ts'
import type { Ports } from './use-case.ts'

const REMEMBERED_MS = 500
const REMEMBERED_AT_MOST = 10_000
const SEEN_EVERY_MS = 60_000

const SIGN_IN = 'Sign in: claviger login, or set CLAVIGER_TOKEN.'
const ENROL = 'Use it up for a token: claviger worker --server URL --enrol'
const ENROL_AGAIN =
  'Ask an admin for a code (claviger admin worker enrol NAME), then: claviger worker --enrol'
const SIGN_IN_AGAIN = 'Sign in again.'
const RUN_AGAIN = 'Start the run again with claviger exec.'

/** Who holds this token, or is signed in with this cookie; throws `unauthenticated`. */
export type Authenticate = (token: string, requestId: string, from?: 'cookie') => Promise<Caller>

type Holder = Omit<Caller, 'requestId'>

type AuthenticationPorts = Pick<Ports, 'store' | 'identity' | 'now' | 'operatorOrganization' | 'sessionLife'>

interface Remembered {
  readonly holder: Holder
  readonly until: number
}

export function createAuthenticator(ports: AuthenticationPorts): Authenticate {
  const remembered = new Map<string, Remembered>() // digest → holder
  // How often all of them were in doubt: what was looked up before that is not remembered after it.
  let doubts = 0
  ports.store.signals.listen((heard) => {
    if (heard !== 'missed' && heard.topic !== 'holders') return
    doubts += 1
    remembered.clear()
  })
  return async (token, requestId, from) => {
    const kind = from === 'cookie' ? sessionKind(token) : tokenKind(token)
    if (codeKind(token) === 'enrol') {
      throw refused('This is a code that enrols a worker, not a token.', ENROL)
    }
    if (kind === null) throw refused('This is not a Claviger token.')
    const digest = sha256(token)
    const known = remembered.get(digest)
    const asked = ports.now()
    const left = known === undefined ? 0 : known.until - asked
    // More than that is left only when the clock was set back.
    if (known && left > 0 && left <= REMEMBERED_MS) return { ...known.holder, requestId }
    const doubted = doubts
    const { holder, expiresAt } = await LOOK_UP[kind](ports, digest, token)
    if (doubts !== doubted) return { ...holder, requestId }
    if (remembered.size >= REMEMBERED_AT_MOST) remembered.clear()
    remembered.set(digest, {
      holder,
      until: Math.min(asked + REMEMBERED_MS, expiresAt ?? Number.POSITIVE_INFINITY),
    })
    return { ...holder, requestId }
  }
}

function sessionKind(cookie: string): 'session' {
  if (isSession(cookie)) return 'session'
  throw refused('This is not the cookie of a browser that is signed in.', SIGN_IN_AGAIN)
}

interface Found {
  readonly holder: Holder
  readonly expiresAt: number | null
}

async function holderOfSession(ports: AuthenticationPorts, digest: string): Promise<Found> {
  const { store, now } = ports
  const row = await store.sessions.findByDigest(digest)
  const at = now()
  if (!row || !equal(row.digest, digest) || !isLive(row, ports))
    throw refused('You are not signed in any more.', SIGN_IN_AGAIN)
  const holder = await whoseSession(ports, row)
  // Nobody waits for this note either.
  if (row.lastSeenAt < at - SEEN_EVERY_MS)
    void store.sessions.seen(row.id, at, at - SEEN_EVERY_MS).catch(() => undefined)
  return { holder, expiresAt: endOfSession(row, ports.sessionLife) }
}

/** Whoever is signed in with this session; throws `unauthenticated` when they are no member any more. */
export function whoseSession(
  ports: AuthenticationPorts,
  {
    id: sessionId,
    organizationId,
    personId: holderId,
  }: Pick<SessionRow, 'id' | 'organizationId' | 'personId'>,
): Promise<Holder> {
  const means = { tokenId: null, sessionId, leaseId: null }
  return holderOf(ports, { organizationId, holderKind: 'person', holderId }, means)
}

async function holderOfToken(ports: AuthenticationPorts, digest: string): Promise<Found> {
  const { store, now } = ports
  const row = await store.tokens.findByDigest(digest)
  if (!row || !equal(row.digest, digest)) throw refused(UNKNOWN_TOKEN)
  const at = now()
  mustBeLive(row, at)
  // Nobody waits for this note, and a database that cannot write now is no reason to turn anybody away.
  if (row.lastUsedAt === null || row.lastUsedAt < at - SEEN_EVERY_MS)
    void store.tokens.used(row.id, at, at - SEEN_EVERY_MS).catch(() => undefined)
  return { holder: await holderOf(ports, row, { tokenId: row.id, leaseId: null }), expiresAt: row.expiresAt }
}

async function holderOfLease(ports: AuthenticationPorts, digest: string, token: string): Promise<Found> {
  const { store, now } = ports
  const lease = await store.leases.lookUp(leaseOfHandle(token) ?? '')
  if (!lease || !equal(lease.handleDigest, digest)) throw refused('This lease is unknown.', RUN_AGAIN)
  if (lease.endedAt !== null)
    throw refused(`This lease is over: ${lease.endReason ?? 'it was ended'}.`, RUN_AGAIN)
  if (lease.expiresAt <= now()) throw refused('This lease has expired.', RUN_AGAIN)
  const taken = lease.tokenId === null ? undefined : await store.tokens.get(lease.tokenId)
  if (taken) mustBeLive(taken, now())
  if (!(await isSessionLive(store, lease, ports)))
    throw refused(`This lease is over: ${SIGNED_OUT}.`, RUN_AGAIN)
  return {
    holder: await holderOf(ports, lease, { tokenId: null, leaseId: lease.id }),
    expiresAt: lease.expiresAt,
  }
}

const LOOK_UP = { api: holderOfToken, lease: holderOfLease, session: holderOfSession } as const

function mustBeLive(row: TokenRow, now: number): void {
  if (row.revokedAt !== null && row.holderKind === 'worker')
    throw refused('This worker was revoked.', ENROL_AGAIN)
  if (row.revokedAt !== null) throw refused(`The token ${row.name} was revoked.`)
  if (row.expiresAt !== null && row.expiresAt <= now) throw refused(`The token ${row.name} has expired.`)
}

type Means = Pick<Caller, 'tokenId' | 'sessionId' | 'leaseId'>
type HeldRow = Pick<LeaseRow, 'organizationId' | 'holderKind' | 'holderId'> & Partial<Pick<TokenRow, 'role'>>

async function holderOf(ports: AuthenticationPorts, row: HeldRow, means: Means): Promise<Holder> {
  const operator = row.organizationId === ports.operatorOrganization
  return { ...(await whoHolds(ports, row)), operator, ...means }
}

type Who = Omit<Holder, keyof Means | 'operator'>

function whoHolds(ports: AuthenticationPorts, row: HeldRow): Promise<Who> {
  if (row.holderKind === 'agent') return agent(ports, row)
  if (row.holderKind === 'worker') return worker(ports, row)
  return person(ports, row)
}

async function agent({ store }: AuthenticationPorts, row: HeldRow): Promise<Who> {
  const found = await store.agents.get(row.organizationId, row.holderId)
  if (!found) throw refused(`The agent ${row.holderId} was deleted.`)
  return agentCaller(found)
}

async function worker({ store, now }: AuthenticationPorts, row: HeldRow): Promise<Who> {
  const found = await store.workers.get(row.organizationId, row.holderId)
  if (!found || found.revokedAt !== null) throw refused('This worker was revoked.', ENROL_AGAIN)
  const at = now()
  // Nobody waits for this note either.
  if (found.lastSeenAt === null || found.lastSeenAt < at - SEEN_EVERY_MS)
    void store.workers.seen(found.id, at, at - SEEN_EVERY_MS).catch(() => undefined)
  return workerCaller(found)
}

async function person({ identity }: AuthenticationPorts, row: HeldRow): Promise<Who> {
  const { organizationId, holderId } = row
  const found = row.holderKind === 'person' ? await identity.person(organizationId, holderId) : undefined
  if (!found) throw refused('Whoever this belonged to is no longer a member.')
  const role = row.role === undefined ? found.role : weaker(row.role, found.role)
  if (role === null) throw refused('This token has a role that its person may not give any more.')
  return {
    organizationId,
    kind: 'person',
    id: found.id,
    name: found.email,
    role,
    teams: found.teams,
    agent: null,
  }
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

function refused(message: string, hint = SIGN_IN): ClavigerError {
  return new ClavigerError('unauthenticated', message, { hint })
}
