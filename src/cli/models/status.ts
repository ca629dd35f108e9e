// `models status` and `models auth list`: the profiles of this machine and how they stand.

import type { Output } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { isRenewed } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { listWhole } from '../find-credential.ts'
import { relativeTime } from '../text.ts'
import { TAKEN_FROM } from './import.ts'
import { over } from './login.ts'
import { movedInWords } from './moved.ts'

export interface StatusOptions {
  readonly agent?: string
  readonly check?: boolean
  readonly probe?: boolean
  readonly harness?: HarnessName
}

/** What `--check` ends with when something ends soon. */
const ENDS_SOON = 2

// What ends within this time ends soon, in milliseconds.
const SOON = 24 * 3_600_000

type Credential = Output<'credentials.list'>['credentials'][number]
type Probe = Output<'credentials.test'>

/** One profile and how it stands. */
export interface ProfileStatus {
  readonly profile: string
  readonly agent: string
  readonly type: string
  /** A state of design §2, or `expired` for a value whose end is past, or `unusable`. */
  readonly state: string
  readonly why: string
  readonly endsAt: string | null
  readonly lastUsedAt: string | null
  readonly probe: Omit<Probe, 'state'> | null
}

/** Exit with `--check`: 0, 1 when one cannot be used or nobody can tell or there is none, 2 when one ends soon. */
export async function run(context: Context, options: StatusOptions): Promise<number> {
  try {
    return await tell(context, options)
  } catch (error) {
    // What it would end with otherwise says that one ends soon.
    if (options.check !== true || !(error instanceof ClavigerError)) throw error
    context.ui.error(error)
    return EXIT.failed
  }
}

async function tell(context: Context, options: StatusOptions): Promise<number> {
  const local = over(context, options)
  const { client } = await connect(local)
  const found = await statusOf(local, client, options)
  const now = Date.now()
  const headings = [
    'PROFILE',
    'AGENT',
    'TYPE',
    'STATE',
    'ENDS',
    'LAST USED',
    ...(options.probe ? ['PROBE'] : []),
    '',
  ]
  context.ui.table(
    { profiles: found },
    headings,
    () => found.map((one) => row(one, now, options.probe === true)),
    'There are no profiles here. Sign in: claviger models auth login --provider openai-codex',
  )
  for (const one of await (await local.profiles()).moves.moved()) context.ui.note(movedInWords(one))
  return options.check === true ? checked(found, now) : EXIT.ok
}

/** Ids of profiles, as `channels list --json` has them for people who come from OpenClaw. */
export async function list(context: Context, options: StatusOptions): Promise<number> {
  const local = over(context, options)
  const { client } = await connect(local)
  const found = await statusOf(local, client, options)
  const auth = found.map(({ profile, type, agent }) => ({
    id: profile,
    provider: profile.split(':')[0] ?? '',
    type,
    agent,
  }))
  context.ui.table(
    { auth },
    ['PROFILE', 'TYPE', 'AGENT'],
    () => auth.map(({ id, type, agent }) => [id, type, agent]),
    'There are no profiles here. Sign in: claviger models auth login --provider openai-codex',
  )
  return EXIT.ok
}

/** All profiles of the agent of this context, those it reads through included. */
export async function statusOf(
  local: Context,
  client: Client,
  { harness, probe }: StatusOptions,
): Promise<ProfileStatus[]> {
  const { credentials } = await listWhole(client, { ...(harness !== undefined && { harness }) })
  const profiles = await local.profiles()
  const found: ProfileStatus[] = []
  for (const one of credentials) {
    const agent = profiles.agentOf(one.id) ?? ''
    const status = await askedNow(client, one, agent, probe === true).catch(nullWhenGone)
    if (status !== null) found.push(status)
  }
  if (harness !== undefined) return found
  const unusable = profiles.unusable().map(({ agent, profile, why }) => ({
    ...{ profile, agent, type: '', state: 'unusable', why, endsAt: null, lastUsedAt: null, probe: null },
  }))
  return [...found, ...unusable]
}

async function askedNow(
  client: Client,
  credential: Credential,
  agent: string,
  probe: boolean,
): Promise<ProfileStatus> {
  // Nobody uses what is blocked, a test neither.
  const answer = probe && credential.state !== 'blocked' ? await probed(client, credential) : null
  const status = statusOfOne(credential, agent, answer)
  return (await isLeftOver(client, credential, status)) ? { ...status, ...LEFT_OVER } : status
}

// What becomes of one says nothing about the others.
async function probed(client: Client, { id, state }: Credential): Promise<Probe> {
  try {
    return await client.call('credentials.test', { id })
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError) || thrown.code === 'not_found') throw thrown
    return { result: 'unknown', message: thrown.message, state }
  }
}

// It was deleted after the list was made.
function nullWhenGone(thrown: unknown): null {
  if (thrown instanceof ClavigerError && thrown.code === 'not_found') return null
  throw thrown
}

const LEFT_OVER = {
  state: 'expired',
  why: 'it has ended, and its provider did not renew it when it was last asked; it is asked again when it is used',
}

// The access token of a login ends all the time, which says nothing; that the last try to renew it came to nothing does.
async function isLeftOver(
  client: Client,
  { id, type, expiresAt }: Credential,
  { state }: ProfileStatus,
): Promise<boolean> {
  const isOver = typeof expiresAt === 'string' && Date.parse(expiresAt) <= Date.now()
  if (state !== 'ok' || !isOver || !isRenewed({ type, expiresAt })) return false
  const [last] = (await client.call('credentials.renewals', { id })).renewals
  return last !== undefined && (last.outcome === 'failed' || last.outcome === 'unsent')
}

function statusOfOne(credential: Credential, agent: string, probe: Probe | null): ProfileStatus {
  const { name, type, lastUsedAt = null } = credential
  const isLogin = isRenewed({ type, expiresAt: credential.expiresAt })
  // Of a login the access token ends all the time, and is renewed.
  const endsAt = (isLogin ? credential.endsAt : (credential.endsAt ?? credential.expiresAt)) ?? null
  const isOver = !isLogin && endsAt !== null && Date.parse(endsAt) <= Date.now()
  const { state: before, stateReason } = stateNow(credential, Date.now())
  const state = probe?.state ?? before
  // What its provider has just said of it is known from the probe alone.
  const reason = probe !== null && stateReason === '' && state !== before ? probe.message : stateReason
  return {
    ...{ profile: name, agent, type, endsAt, lastUsedAt },
    state: isOver ? 'expired' : state,
    why: isOver ? 'its time is over' : withCopy(reason, { ...credential, state }),
    probe: probe && withoutState(probe),
  }
}

function withoutState({ result, message, askAgainAt }: Probe): ProfileStatus['probe'] {
  return { result, message, ...(askAgainAt !== undefined && { askAgainAt }) }
}

// What is over by the clock, and nobody has written down yet.
function stateNow(credential: Credential, now: number): Pick<Credential, 'state' | 'stateReason'> {
  const { state, stateReason, stateUntil } = credential
  if (stateUntil === null || Date.parse(stateUntil) > now) return { state, stateReason }
  if (state === 'cooling_down') return { state: 'ok', stateReason: '' }
  if (state === 'expiring')
    return { state: 'needs_login', stateReason: 'it cannot be renewed, and has ended' }
  return { state, stateReason }
}

// Of a login that was taken over the copy may still be in use: that is what ends it mostly.
function withCopy(reason: string, { state, description = '' }: Credential): string {
  const isOver = state === 'needs_login' || state === 'expiring'
  if (!isOver || !description.startsWith(TAKEN_FROM)) return reason
  return `${reason}; it was ${description}, and what still uses that copy ends it`
}

const UNUSABLE: readonly string[] = ['expired', 'rejected', 'needs_login', 'quarantined', 'blocked']

function checked(found: readonly ProfileStatus[], now: number): number {
  const own = found.filter(({ state }) => state !== 'unusable')
  const isBad = ({ state, probe }: ProfileStatus) =>
    UNUSABLE.includes(state) || (probe !== null && !isGood(probe.result) && !wasAskedLately(probe))
  if (own.length === 0 || own.some(isBad)) return EXIT.failed
  const endsSoon = ({ state, endsAt }: ProfileStatus) =>
    state === 'expiring' || (endsAt !== null && Date.parse(endsAt) - now < SOON)
  return own.some(endsSoon) ? ENDS_SOON : EXIT.ok
}

// One that is asked too often is held off for a while, as one that cools down.
function isGood(result: Probe['result']): boolean {
  return result === 'works' || result === 'limited'
}

// What its provider has said lately shows in its state.
function wasAskedLately({ askAgainAt }: NonNullable<ProfileStatus['probe']>): boolean {
  return askAgainAt !== undefined
}

function row(
  { profile, agent, type, state, why, endsAt, lastUsedAt, probe }: ProfileStatus,
  now: number,
  probed: boolean,
) {
  const time = (at: string | null) => (at === null ? '-' : relativeTime(at, now))
  return [
    profile,
    agent,
    type,
    state,
    time(endsAt),
    time(lastUsedAt),
    ...(probed ? [probe?.result ?? '-'] : []),
    why === '' && probe !== null && probe.result !== 'works' ? probe.message : why,
  ]
}
