// Telling in a conversation what becomes of its run: one comment, written once and edited. A look is claimed by
// compare-and-set, so one server writes; what a comment says is made of the run as it is then, so nothing is lost when an
// edit is.

import { CODING_AGENTS_PATH, CREDENTIALS_PATH, TO_SIGN_IN } from '../../api/link-paths.ts'
import type { Channel, Means } from '../../channels/channel.ts'
import { isPublic, type Phase } from '../../domain/channels/call.ts'
import { commentOf, phaseOf, type Standing } from '../../domain/channels/saying.ts'
import { isForStrangers } from '../../domain/channels/serving.ts'
import { CREDENTIAL_TYPES, type CredentialType } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { parseOwner } from '../../domain/owner.ts'
import { nothingLeft } from '../../domain/resolution/verdicts.ts'
import type { RunState } from '../../domain/runs/run.ts'
import { sha256 } from '../../lib/digest.ts'
import type { Log } from '../../lib/log.ts'
import type { ChannelRow, ThreadEnd, ThreadRow } from '../../store/channels/channel-groups.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import { agentsHint } from '../machines/takers.ts'
import type { Ports } from '../use-case.ts'
import { type MeansPorts, meansFor, ownAct, platformOf } from './means.ts'
import { pauseAfterFailure, type Turns } from './turns.ts'

/** For so long a try is its server's, in milliseconds: longer than all its calls may take. */
const REPORT_CLAIM = 300_000

// Milliseconds.
const EDITS_APART = 5_000
const GIVE_UP_AFTER = 24 * 3_600_000
// So long a comment waits because the place could not show something.
const REST_OF_COMMENT = 60_000

const BATCH = 50

// So far back what was said last is looked for.
const EVENTS_BACK = 500

export interface ReportingPorts extends MeansPorts, Pick<Ports, 'publicUrl' | 'workerUrl'> {
  readonly log: Log
  readonly turns: Turns
}

/** Begins with what is due. Rejects when the database cannot be used. `seen` hears of each run that is told of. */
export async function reportDue(ports: ReportingPorts, seen: (runId: string) => void): Promise<void> {
  const { store, now, turns } = ports
  const due = await store.threads.due(now(), BATCH, turns.except())
  turns.begin(due, async (row) => {
    seen(row.runId)
    await reportOne(ports, row)
  })
}

async function reportOne(ports: ReportingPorts, row: ThreadRow): Promise<void> {
  const { store, now } = ports
  // Before the run is read: what happens to it from here on is looked at after.
  if (!(await store.threads.claim(row, now() + REPORT_CLAIM))) return
  const run = await store.runs.get(row.organizationId, row.runId)
  const channel = await store.channels.get(row.organizationId, row.channelId)
  if (channel === undefined || run === undefined) return
  const standing = await standingOf(ports, row, run)
  const end = await told(ports, channel, row, standing, nextLook(run.run.state, now()))
  await store.threads.settle({ ...row, attempts: row.attempts + 1 }, end)
}

async function told(
  ports: ReportingPorts,
  channel: ChannelRow,
  row: ThreadRow,
  standing: Standing,
  later: number | null,
): Promise<ThreadEnd> {
  const { now } = ports
  const phase = phaseOf(standing)
  const isShown = phase === null || row.shown === phase
  let said: Said = row
  if (row.said !== sha256(commentOf(saidIn(row, standing)))) {
    const soonest = row.saidAt + EDITS_APART
    if (soonest > now()) return { ...kept(row), nextAt: soonest, busyUntil: 0 }
    try {
      said = await written(ports, channel, row, standing)
    } catch (thrown) {
      return failed(ports, channel, row, thrown)
    }
  }
  const end = { ...kept({ ...row, ...said }), failures: 0, failingSince: 0, nextAt: later, busyUntil: 0 }
  if (isShown) return end
  const failure = await show(ports, channel, { ...row, ...said }, phase)
  // What the place will not show is no reason to keep silent.
  return failure === null || failure.nextAt === null ? { ...end, shown: phase } : failure
}

// What the place itself shows comes after the comment.
async function show(
  ports: ReportingPorts,
  channel: ChannelRow,
  row: ThreadRow,
  phase: Phase,
): Promise<ThreadEnd | null> {
  const platform = platformOf(ports, channel.kind)
  if (platform.show === undefined) return null
  try {
    const means = await meansFor(ports, channel, ownAct(channel, 'channel.report', { run: row.runId, phase }))
    // Who answers quickly is never seen at work.
    const isSkipped = row.shown === null && phase === 'answered'
    for (const one of isSkipped ? (['begun', phase] as const) : [phase])
      await platform.show(row.thread.place, one, means)
    return null
  } catch (thrown) {
    return failed(ports, channel, row, thrown, REST_OF_COMMENT)
  }
}

type Said = Pick<ThreadEnd, 'repository' | 'commentId' | 'said' | 'saidAt'>

async function written(
  ports: ReportingPorts,
  channel: ChannelRow,
  row: ThreadRow,
  standing: Standing,
): Promise<Said> {
  const { thread, commentId, attempts, runId } = row
  const platform = platformOf(ports, channel.kind)
  const means = await meansFor(ports, channel, ownAct(channel, 'channel.report', { run: runId }))
  const isOpen = openly(standing).reason === standing.reason
  const repository = isOpen ? row.repository : await asItIsNow(platform, row, means)
  const text = commentOf(saidIn({ thread, repository }, standing))
  const said = sha256(text)
  if (said === row.said) return { ...row, repository }
  // Whoever tried before may have written it, and died before it was noted.
  const isInDoubt = commentId === null && attempts > 0
  const found = isInDoubt
    ? ((await platform.findComment?.(thread.place, pageOf(ports, runId), means)) ?? null)
    : commentId
  const id = await platform.comment(thread.place, text, found, means)
  return { repository, commentId: id, said, saidAt: ports.now() }
}

// It may have become public since somebody asked. What was public stays so here: it is only the more careful.
async function asItIsNow(
  platform: Channel,
  { repository }: ThreadRow,
  means: Means,
): Promise<ThreadRow['repository']> {
  if (repository === null || !repository.isPrivate || platform.isPrivate === undefined) return repository
  return { ...repository, isPrivate: await platform.isPrivate(repository, means) }
}

// `rest`: what happens meanwhile is looked at after so many milliseconds at the latest.
async function failed(
  { store, log, now, turns }: ReportingPorts,
  channel: ChannelRow,
  row: ThreadRow,
  thrown: unknown,
  rest = Number.POSITIVE_INFINITY,
): Promise<ThreadEnd> {
  const failures = row.failures + 1
  const failingSince = row.failures === 0 ? now() : row.failingSince
  const pause = pauseAfterFailure(thrown, EDITS_APART, failures)
  turns.restAfter(row.channelId, thrown, pause)
  const code = thrown instanceof ClavigerError ? thrown.code : String(thrown)
  log.warn({ channel: channel.id, run: row.runId, failures, detail: code }, 'a comment could not be written')
  await store.channels.note(
    channel.id,
    thrown instanceof ClavigerError ? thrown.message : 'A comment could not be written.',
  )
  // What happens after that has a day of its own.
  if (now() - failingSince > GIVE_UP_AFTER)
    return { ...kept(row), failures: 0, failingSince: 0, nextAt: null, busyUntil: 0 }
  const nextAt = code === 'invalid' ? null : now() + pause
  return { ...kept(row), failures, failingSince, nextAt, busyUntil: now() + Math.min(pause, rest) }
}

function kept({ repository, commentId, said, saidAt, shown, failures, failingSince }: ThreadRow) {
  return { repository, commentId, said, saidAt, shown, failures, failingSince }
}

// Signals say when to look; these are for those that were lost.
function nextLook(state: RunState, now: number): number | null {
  if (state === 'cancelled' || state === 'done') return null
  if (state === 'hibernated' || state === 'failed') return now + 600_000
  return now + (state === 'ready' ? 60_000 : 10_000)
}

async function standingOf(ports: ReportingPorts, row: ThreadRow, run: RunRow): Promise<Standing> {
  const { harness } = run
  const { state, reason, credential } = run.run
  return {
    ...{ harness, state, served: row.served, reason },
    lacksWorker: await lacksWorker(ports, run),
    credential:
      credential === null ? null : parseOwner(credential.owner as Parameters<typeof parseOwner>[0]).kind,
    ...(await lastTurn(ports, run)),
    page: pageOf(ports, row.runId),
    signIn: ports.publicUrl() + signInPath(run),
  }
}

async function lacksWorker(ports: ReportingPorts, run: RunRow): Promise<boolean> {
  if (run.run.state !== 'queued' || !isForStrangers(run)) return false
  return (await agentsHint(ports, run.organizationId, run.subjectId)) !== null
}

// What is said of a run may name what only members may know.
function saidIn(where: Pick<ThreadRow, 'thread' | 'repository'>, standing: Standing): Standing {
  return isPublic(where) ? openly(standing) : standing
}

function openly(standing: Standing): Standing {
  const { reason, harness } = standing
  return { ...standing, reason: reason === nothingLeft(harness) ? reason : '' }
}

function pageOf({ publicUrl }: Pick<ReportingPorts, 'publicUrl'>, runId: string): string {
  return `${publicUrl()}/runs/${runId}`
}

// Right to signing in again where that mends it. Nobody gets in by it (0018).
function signInPath({ run: { credential } }: RunRow): string {
  const type = credential === null ? undefined : CREDENTIAL_TYPES[credential.type as CredentialType]
  return credential !== null && type?.entry === 'sign-in'
    ? `${CREDENTIALS_PATH}/${credential.id}${TO_SIGN_IN}`
    : CODING_AGENTS_PATH
}

const TURN_ENDS: readonly string[] = ['turn-done', 'turn-failed']

// How its last turn ended, and what the model said in it.
async function lastTurn(
  { store }: ReportingPorts,
  { id, run }: RunRow,
): Promise<Pick<Standing, 'said' | 'hasFailed'>> {
  const events = await store.runEvents.after(id, Math.max(run.events - EVENTS_BACK, 0), EVENTS_BACK)
  const end = events.findLastIndex(({ event }) => TURN_ENDS.includes(event.kind))
  if (end === -1) return { said: '', hasFailed: false }
  const before = events.slice(0, end)
  const turn = before.slice(before.findLastIndex(({ event }) => TURN_ENDS.includes(event.kind)) + 1)
  const text = turn.findLast(({ event }) => event.kind === 'text')
  return {
    said: text?.event.kind === 'text' ? text.event.text : '',
    hasFailed: events[end]?.event.kind === 'turn-failed',
  }
}
