// The seat of a run at its program: a lease, what was delivered of it, and the talk over it. When the lease changes, so
// does all of this, and the conversation goes on in the same session.

import { randomUUID } from 'node:crypto'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { addUsage, type ConversationEvent, NO_USAGE, type Usage } from '../../domain/runs/conversation.ts'
import { modelFor, type PinnedModels } from '../../domain/runs/models.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { createRedactor, type Redactor } from '../../lib/redaction.ts'
import { createTalk, type Talk, type TurnEnd } from '../conversing/talk.ts'
import { followLease } from '../follow-lease.ts'
import type { AcquiredLease, LeasedCredential, LiveLeases } from '../lease-source.ts'
import { type Environment, userHome } from '../materialize.ts'
import { checkStatus } from '../programs.ts'
import type { RunPlace } from '../workspaces/workspace.ts'
import { type Delivered, deliverLease, removeDelivered } from './delivering.ts'
import type { ClaimedRun } from './run-server.ts'
import { createSessionRecord } from './session-record.ts'

export interface SeatOptions {
  readonly run: Pick<ClaimedRun, 'model' | 'access' | 'session' | 'usage'>
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
  /** Ends what ran with another lease. Throws what a delivery or the program's own check throws. */
  take(lease: AcquiredLease): Promise<void>
  /** Reads the lease anew, and hands on what is there now. Throws what the client throws. */
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
}

/** What is so at a moment. */
interface State {
  lease: AcquiredLease | null
  taken: Taken | null
  session: string | null
  used: Usage
  /** What the conversation has had last, as far as it was told here. */
  model: string | null
  redactors: readonly Redactor[]
}

export function createSeat(options: SeatOptions): Seat {
  const { run, place, live } = options
  const state: State = {
    ...{ lease: null, taken: null, session: run.session, used: run.usage, model: null, redactors: [] },
  }
  const take = (lease: AcquiredLease) => takeLease(options, state, lease)
  const record = () => {
    const configuration = state.taken?.delivered.configuration ?? place.configuration
    return createSessionRecord(place.givingFile, configuration)
  }
  return {
    get lease() {
      return state.lease
    },
    get isLive() {
      return state.taken?.delivered.isLive === true
    },
    take,
    async refresh() {
      const { lease, taken } = state
      if (lease === null) return
      const current = await live.read(lease.leaseId)
      const isTheSame = current?.generation === state.lease?.credential?.generation
      // A program that looks again has it, or is about to.
      if (isTheSame && taken?.delivered.isLive && taken.talk.isRunning) return
      await take({ ...lease, credential: current })
    },
    async give(message, text) {
      const { taken } = state
      if (taken === null) throw new Error('Nothing serves this run.')
      await record().giving(message, state.session)
      // A talk that was stopped meanwhile gives the program nothing.
      const end = await taken.talk.turn(text)
      state.used = addUsage(state.used, end.usage ?? NO_USAGE)
      return end
    },
    has: (message, text) => record().holds(message, text, state.session),
    forget() {
      state.session = null
    },
    async leave() {
      await stop(state)
      state.lease = null
      await removeDelivered(options.harness, place)
    },
  }
}

async function takeLease(options: SeatOptions, state: State, lease: AcquiredLease): Promise<void> {
  const { harness, environment, program, hear } = options
  await stop(state)
  state.lease = lease
  // What was handed out before is in the session, and may be said again.
  hide(state, [lease.handle.expose(), ...secretsOf(lease), ...lease.raw.map(({ value }) => value.expose())])
  const ownConfiguration = userHome(harness, environment).directory
  const delivered = await deliverLease({ ...options, ownConfiguration }, lease)
  for (const text of delivered.report) await hear({ kind: 'notice', text })
  if (lease.credential !== null) await checkStatus(harness, lease.credential, program, delivered.environment)
  const following = new AbortController()
  const talk = talkOver(options, state, delivered)
  state.taken = { delivered, talk, following, followed: follow(options, state, delivered, following.signal) }
}

async function stop(state: State): Promise<void> {
  const { taken } = state
  state.taken = null
  taken?.following.abort()
  await taken?.talk.stop()
  await taken?.followed
}

function talkOver(options: SeatOptions, state: State, { environment }: Delivered): Talk {
  const { harness, program, place, run, silenceMs, pinned } = options
  const { lease, session, used, model } = state
  return createTalk({
    ...{ conversing: harness.conversing, program, cwd: place.workspace, silenceMs, used },
    environment: { ...environment, TMPDIR: place.temporary },
    access: run.access,
    session: session === null ? { kind: 'new', id: randomUUID() } : { kind: 'resume', id: session },
    model: modelFor(lease?.credential?.type ?? null, { wanted: run.model, had: model, pinned }),
    redact: (line) => state.redactors.reduce((text, { redact }) => redact(text), line),
    async hear(event) {
      await options.hear(event)
      if (event.kind === 'session') await noteSession(options, state, event)
    },
    now: Date.now,
  })
}

// Nobody's model changes without a word.
async function noteSession(
  { hear }: SeatOptions,
  state: State,
  { session, model }: Extract<ConversationEvent, { kind: 'session' }>,
): Promise<void> {
  const { model: before, lease } = state
  state.session = session
  state.model = model ?? before
  if (before === null || model === null || model === before) return
  const type = lease?.credential?.type ?? 'this credential'
  const text = `It goes on with ${model}; until now it was ${before}. CLAVIGER_MODELS says which model runs use with ${type}.`
  await hear({ kind: 'notice', text })
}

// A renewed credential is written where the program looks again.
async function follow(
  { harness, place, live, hear }: SeatOptions,
  state: State,
  { isLive }: Delivered,
  signal: AbortSignal,
): Promise<void> {
  const { lease } = state
  const credential = lease?.credential ?? null
  if (!isLive || lease === null || credential === null) return
  const renewed = (current: LeasedCredential) => {
    hide(state, secretsOf({ credential: current }))
    state.lease = { ...lease, credential: current }
  }
  const report = (text: string) => void hear({ kind: 'notice', text })
  const directory = place.configuration
  await followLease({ harness, lease, credential, live, directory, report, renewed }, signal)
}

function hide(state: State, secrets: readonly string[]): void {
  state.redactors = [...state.redactors, createRedactor(secrets)]
}

function secretsOf({ credential }: Pick<AcquiredLease, 'credential'>): string[] {
  if (credential === null) return []
  const open = CREDENTIAL_TYPES[credential.type].fields
    .filter(({ secret }) => !secret)
    .map(({ name }) => name)
  const secret = Object.entries(credential.fields).filter(([name]) => !open.includes(name))
  return secret.map(([, value]) => value.expose())
}
