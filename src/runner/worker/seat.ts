// The seat of a run at its program: a lease, what was delivered of it, and the talk over it. When the lease changes, so
// does all of this, and the conversation goes on in the same session.

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { addUsage, type ConversationEvent, NO_USAGE, type Usage } from '../../domain/runs/conversation.ts'
import { modelFor, type PinnedModels } from '../../domain/runs/models.ts'
import { SUPERSEDED } from '../../domain/runs/serving-credential.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { createHiding, type Hiding, type LoginFile } from '../conversing/hiding.ts'
import { carryRecord, createSessionRecord, type SessionRecord } from '../conversing/session-record.ts'
import { createTalk, type Talk, type TurnEnd } from '../conversing/talk.ts'
import { followLease } from '../follow-lease.ts'
import type { AcquiredLease, LeasedCredential, LiveLeases } from '../lease-source.ts'
import { type Environment, userHome } from '../materialize.ts'
import { checkStatus } from '../programs.ts'
import type { RunPlace } from '../workspaces/workspace.ts'
import { type Delivered, deliverLease, removeDelivered } from './delivering/delivering.ts'
import type { ClaimedRun } from './run-server.ts'

export interface SeatOptions {
  readonly run: Pick<ClaimedRun, 'access' | 'origin' | 'session' | 'usage' | 'messages'>
  /** The model that is wanted by name when a talk begins; null: none. */
  readonly model: () => string | null
  readonly place: RunPlace
  readonly harness: Harness
  /** Full path. */
  readonly program: string
  /** The worker's own, without settings of ours. */
  readonly environment: Environment
  readonly allowHttp: boolean
  readonly silenceMs: number
  readonly pinned: PinnedModels
  readonly live: LiveLeases
  readonly hear: (event: ConversationEvent) => void | Promise<void>
}

export interface Seat {
  /** What serves it; null: nothing yet. */
  readonly lease: AcquiredLease | null
  /** Whether a program looks again at what it was delivered, and so may have another generation in the middle of a turn. */
  readonly isLive: boolean
  /** Which generation of the credential the program has for certain: one that was just handed on it may not have seen. */
  readonly generation: number
  /** Ends what ran with another lease. Throws what a delivery or the program's own check throws. */
  take(lease: AcquiredLease): Promise<void>
  /** Reads the lease anew, and goes on with what is there now, in a process that has it. Throws what the client throws. */
  refresh(): Promise<void>
  /** Gives the program a text for this message, and resolves when its turn is over. */
  give(message: string, text: string): Promise<TurnEnd>
  /** Whether the message is in the conversation. */
  has(message: string, text: string): Promise<boolean>
  /** The program does not know its session any more: another begins. */
  forget(): void
  /** Ends the process, and removes what was delivered. */
  leave(): Promise<void>
}

interface Taken {
  readonly delivered: Delivered
  readonly talk: Talk
  readonly following: AbortController
  readonly followed: Promise<void>
  /** What it was started with, and what was handed on since, with the time of that in milliseconds of this process. */
  readonly handed: { readonly generation: number; at: number }[]
}

// A program that looks at its files again does so about two seconds after they were changed.
const SEEN_AFTER_MS = 10_000

/** What is so at a moment. */
interface State {
  lease: AcquiredLease | null
  taken: Taken | null
  session: string | null
  /** What a new session is to be called, where the program lets others choose. */
  planned: string
  /** Whether it was looked what this machine knows of the session. */
  isRecalled: boolean
  used: Usage
  /** What the conversation has had last, as far as it was told here. */
  model: string | null
  readonly hiding: Hiding
}

export function createSeat(options: SeatOptions): Seat {
  const { run, place, live } = options
  const state: State = {
    ...{ lease: null, taken: null, session: run.session, planned: randomUUID(), isRecalled: false },
    ...{ used: run.usage, model: null, hiding: createHiding() },
  }
  const take = (lease: AcquiredLease) => takeLease(options, state, lease)
  const record = () => recordAt(place, state.taken?.delivered)
  return {
    get lease() {
      return state.lease
    },
    get isLive() {
      return state.taken?.delivered.isLive === true
    },
    get generation() {
      return seenGeneration(state)
    },
    take,
    async refresh() {
      const { lease } = state
      if (lease === null) return
      // One that looks again does so in its own time, and would be refused with the old one once more.
      await take({ ...lease, credential: await live.read(lease.leaseId) })
    },
    async give(message, text) {
      const { taken } = state
      if (taken === null) throw new Error('Nothing serves this run.')
      const told = { session: state.session ?? state.planned, model: state.model }
      await record().giving(message, state.session, told)
      // A talk that was stopped meanwhile gives the program nothing.
      const end = await taken.talk.turn(text)
      state.used = addUsage(state.used, end.usage ?? NO_USAGE)
      return end
    },
    has: (message, text) => record().holds(message, text, state.session),
    forget() {
      state.session = null
      state.planned = randomUUID()
    },
    async leave() {
      await stop(state)
      state.lease = null
      await removeDelivered(options.harness, place)
    },
  }
}

async function takeLease(options: SeatOptions, state: State, lease: AcquiredLease): Promise<void> {
  const { run, harness, environment, program, hear } = options
  await stop(state)
  state.lease = lease
  state.hiding.hideLease(lease)
  const ownConfiguration = userHome(harness, environment).directory
  const isForStrangers = run.origin === 'strangers'
  const delivered = await deliverLease({ ...options, ownConfiguration, isForStrangers }, lease)
  for (const text of delivered.report) await hear({ kind: 'notice', text })
  if (lease.credential !== null) await checkStatus(harness, lease.credential, program, delivered.environment)
  await bringSession(options, state, { delivered, ownConfiguration })
  await recall(options, state, delivered)
  const following = new AbortController()
  const talk = talkOver(options, state, delivered)
  const handed = [{ generation: lease.credential?.generation ?? 0, at: Number.NEGATIVE_INFINITY }]
  const followed = follow(options, state, delivered, { handed, signal: following.signal })
  state.taken = { delivered, talk, following, followed, handed }
}

function seenGeneration({ taken }: State): number {
  const now = performance.now()
  return taken?.handed.findLast(({ at }) => now - at >= SEEN_AFTER_MS)?.generation ?? 0
}

function recordAt(place: RunPlace, delivered: Delivered | undefined): SessionRecord {
  return createSessionRecord(place.givingFile, delivered?.configuration ?? place.configuration)
}

// The server hears what a session is called a moment after the program has begun it. When the worker was gone in that
// moment, this machine knows better, as long as nobody has said what became of the message.
async function recall({ run, place }: SeatOptions, state: State, delivered: Delivered): Promise<void> {
  if (state.isRecalled) return
  state.isRecalled = true
  const record = recordAt(place, delivered)
  const known = await record.recall()
  if (known === null) return
  const { message, told, isThere, begins } = known
  const open = run.messages.find(({ id, state: is }) => id === message && is === 'sent')
  if (open !== undefined || told?.session === run.session) state.model = told?.model ?? null
  if (open === undefined) return
  if (isThere) state.session = told?.session ?? null
  else if (begins) {
    state.planned = told?.session ?? state.planned
    // Only in a home that nobody else has.
    const isOwn = delivered.configuration === place.configuration
    state.session = (isOwn ? await record.sessionWith(open.text) : null) ?? run.session
  }
}

// From the home of the last lease to that of this one: the machine's own login is used where it lies.
async function bringSession(
  { place }: SeatOptions,
  state: State,
  { delivered, ownConfiguration }: { readonly delivered: Delivered; readonly ownConfiguration: string },
): Promise<void> {
  const { configuration } = delivered
  const other = configuration === place.configuration ? ownConfiguration : place.configuration
  const known = await recordAt(place, delivered).recall()
  for (const session of new Set([state.session, known?.told?.session]))
    if (typeof session === 'string') await carryRecord(session, other, configuration)
}

async function stop(state: State): Promise<void> {
  const { taken } = state
  state.taken = null
  taken?.following.abort()
  await taken?.talk.stop()
  await taken?.followed
}

function talkOver(options: SeatOptions, state: State, { environment, configuration }: Delivered): Talk {
  const { harness, program, place, run, silenceMs, pinned } = options
  const { lease, session, planned, used, model } = state
  const { secretsInLogin } = harness
  const login: LoginFile | null =
    secretsInLogin === undefined
      ? null
      : { path: join(configuration, harness.login), secretsIn: secretsInLogin }
  return createTalk({
    ...{ conversing: harness.conversing, program, cwd: place.workspace, silenceMs, used },
    environment: { ...environment, TMPDIR: place.temporary },
    ...{ access: run.access, isForStrangers: run.origin === 'strangers' },
    session: session === null ? { kind: 'new', id: planned } : { kind: 'resume', id: session },
    model: modelFor(lease?.credential?.type ?? null, { wanted: options.model(), had: model, pinned }),
    redact: (line) => state.hiding.redact(line, login),
    async hear(event) {
      // Whoever takes the run up after this worker was killed has to know it too.
      const told = event.kind === 'session' ? { ...event, model: event.model ?? model } : null
      if (told !== null) await recordAt(place, state.taken?.delivered).begun(told)
      await options.hear(event)
      if (event.kind === 'session') await noteSession(options, state, event)
    },
    now: Date.now,
  })
}

// Nobody's model changes without a word.
async function noteSession(
  { hear, model: wanted, pinned }: SeatOptions,
  state: State,
  { session, model }: Extract<ConversationEvent, { kind: 'session' }>,
): Promise<void> {
  const { model: before, lease } = state
  state.session = session
  state.model = model ?? before
  if (before === null || model === null || model === before) return
  const type = lease?.credential?.type ?? null
  // What somebody has chosen is theirs to change, unless the worker pins another.
  const isChosen = wanted() !== null && (type === null || pinned[type] === undefined)
  const why = isChosen ? '' : ` CLAVIGER_MODELS says which model runs use with ${type ?? 'this credential'}.`
  await hear({ kind: 'notice', text: `It goes on with ${model}; until now it was ${before}.${why}` })
}

// A renewed credential is written where the program looks again.
async function follow(
  { harness, place, live, hear }: SeatOptions,
  state: State,
  { isLive }: Delivered,
  { handed, signal }: Pick<Taken, 'handed'> & { readonly signal: AbortSignal },
): Promise<void> {
  const { lease } = state
  const credential = lease?.credential ?? null
  if (!isLive || lease === null || credential === null) return
  const renewed = (current: LeasedCredential) => {
    state.hiding.hideCredential(current)
    state.lease = { ...lease, credential: current }
    const { generation } = current
    const last = handed.at(-1)
    if (last?.generation === generation) last.at = performance.now()
    else handed.push({ generation, at: performance.now() })
  }
  const report = (text: string) => {
    // The one that took its place is told of by itself.
    if (!text.includes(SUPERSEDED)) void hear({ kind: 'notice', text })
  }
  const directory = place.configuration
  await followLease({ harness, lease, credential, live, directory, report, renewed }, signal)
}
