// Doing what was delivered. A try is claimed by compare-and-set, so one server does it; the run has a key made of the
// delivery, and its message one of what is asked for, so a try that was broken off anywhere and is made again finds the same.

import { CODING_AGENTS_PATH, OWN_ACCOUNTS_PATH } from '../../api/link-paths.ts'
import { type Means, NotThere } from '../../channels/channel.ts'
import type { Caller } from '../../domain/caller.ts'
import { accessOf, isWithin, messageOf, promptOf, workspaceOf } from '../../domain/channels/asking.ts'
import type { Call } from '../../domain/channels/call.ts'
import { refusalOf } from '../../domain/channels/saying.ts'
import type { Served } from '../../domain/channels/serving.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { isFinal } from '../../domain/runs/run.ts'
import { sha256 } from '../../lib/digest.ts'
import type { Log } from '../../lib/log.ts'
import {
  authorMark,
  type CallEnd,
  type CallRow,
  type ChannelRow,
} from '../../store/channels/channel-groups.ts'
import type { RunRow } from '../../store/runs/run-groups.ts'
import type { StoreGroups } from '../../store/store.ts'
import { upkeep } from '../grants/tools.ts'
import type { Alongside, StartInput } from '../runs/starting.ts'
import type { Control, Ports } from '../use-case.ts'
import { learnAccount } from './account.ts'
import { doneBefore, keyOf, messageIdOf } from './asked-before.ts'
import { type MeansPorts, meansFor, ownAct, platformOf } from './means.ts'
import { pauseAfterFailure, type Turns } from './turns.ts'
import { memberOf, servingOf } from './who.ts'

/** For so long a try is its server's, in milliseconds: longer than all its calls may take. */
export const CARRY_CLAIM = 300_000

// Milliseconds.
const FIRST_PAUSE = 10_000
const GIVE_UP_AFTER = 24 * 3_600_000
// So long what was written may be delivered before the platform shows it.
const NOT_SHOWN_YET = 60_000

const BATCH = 20

// What people who are no members may ask for in an hour: each account, and all of them. More is nobody's time and money.
const HOUR = 3_600_000
const OF_ONE_STRANGER = 5
const OF_STRANGERS = 60

export interface CarryingPorts extends MeansPorts, Pick<Ports, 'identity' | 'publicUrl'> {
  readonly control: Pick<Control, 'runs.send' | 'runs.end'>
  /** As `runs.create`; `alongside` is stored with the run, before anybody can claim it. */
  readonly start: (caller: Caller, input: StartInput, alongside: Alongside) => Promise<RunRow>
  readonly log: Log
  readonly turns: Turns
}

/** Begins with what is due. Rejects when the database cannot be used. */
export async function carryDue(ports: CarryingPorts): Promise<void> {
  const { store, now, turns } = ports
  const due = await store.calls.due(now(), BATCH, turns.except())
  // One after the other in a channel, so that a conversation is one.
  turns.begin(due, async (row) => {
    if (await store.calls.claim(row, now() + CARRY_CLAIM)) await carryOne(ports, row)
  })
}

async function carryOne(ports: CarryingPorts, row: CallRow): Promise<void> {
  const channel = await ports.store.channels.get(row.organizationId, row.channelId)
  if (channel === undefined) return
  const end = await carried(ports, channel, row).catch(async (thrown: unknown) => {
    const pause = pauseAfter(row, ports.now(), thrown)
    ports.turns.restAfter(row.channelId, thrown, pause ?? 0)
    ports.log.warn(
      { channel: channel.id, attempts: row.attempts + 1, detail: detailOf(thrown), again: pause !== null },
      'what was asked for through a channel could not be done',
    )
    return {
      ...{ outcome: pause === null ? 'failed' : '', reason: sentenceOf(thrown) },
      // What fails has been asked of the platform as well.
      ...{
        isStranger: row.parsed.is === 'call' && (await isOfStranger(ports, channel, row, row.parsed.call)),
      },
      runId: null,
      nextAt: pause === null ? null : ports.now() + pause,
    }
  })
  await settle(ports, channel, row, end)
}

const OVER = { nextAt: null, reason: '', isStranger: false, runId: null }

async function carried(ports: CarryingPorts, channel: ChannelRow, row: CallRow): Promise<CallEnd> {
  const { parsed } = row
  if (parsed.is === 'nothing') return { ...OVER, outcome: 'nothing' }
  const done = parsed.is === 'call' ? await doneByOthers(ports, channel, row, parsed.call) : null
  if (done !== null) return done
  if (ports.now() - row.receivedAt > GIVE_UP_AFTER)
    return { ...OVER, outcome: row.reason === '' ? 'late' : 'failed', reason: row.reason || LATE }
  if (parsed.is === 'over') return endThread(ports, channel, row, parsed)
  if (await isTooMuch(ports, channel, row, parsed.call)) return TOO_MUCH
  const means = await meansFor(ports, channel, ownAct(channel, 'channel.call', detailsOf(row, parsed.call)))
  // Asked once, so that what we say ourselves asks for nothing.
  const ourselves = channel.accountId ?? (await learnAccount(ports, channel, means)).accountId
  const call = await platformOf(ports, channel.kind).complete(parsed.call, means)
  if (call.author.accountId === ourselves) return { ...OVER, outcome: 'nothing' }
  const { served, caller, isMember } = await servingOf(ports, channel, call, requestIdOf(row))
  const isStranger = !isMember
  if (caller === null) {
    const why = { message: served.because }
    const mends = isMember ? null : OWN_ACCOUNTS_PATH
    return { ...(await refuse(ports, channel, row, { call, means, why, mends })), isStranger }
  }
  try {
    return { ...(await serve(ports, channel, row, { call, served, caller })), isStranger }
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError) || !isForGood(thrown, row, ports.now())) throw thrown
    const mends = thrown.code === 'no_credential' ? CODING_AGENTS_PATH : null
    return { ...(await refuse(ports, channel, row, { call, means, why: thrown, mends })), isStranger }
  }
}

// By a try that was broken off; null: there was none. The platform is not asked: what was asked with may be gone there.
async function doneByOthers(
  ports: CarryingPorts,
  channel: ChannelRow,
  row: CallRow,
  call: Call,
): Promise<CallEnd | null> {
  const done = row.attempts === 0 ? undefined : await doneBefore(ports.store, row, call)
  if (done === undefined) return null
  if (done.runId !== null) await ports.store.threads.wake(done.runId, ports.now())
  return { ...OVER, ...done, isStranger: await isOfStranger(ports, channel, row, call) }
}

const LATE = 'It was more than a day old when a server came to it.'

const TOO_MUCH = {
  ...{ ...OVER, outcome: 'limited', isStranger: true },
  reason: 'People who are no members have asked for too much within an hour.',
}

// Silent, and before anything is asked of the platform: neither is to be had for nothing.
async function isTooMuch(
  ports: CarryingPorts,
  channel: ChannelRow,
  row: CallRow,
  call: Call,
): Promise<boolean> {
  const { asStranger, byStrangers } = await ports.store.calls.before(row, ports.now() - HOUR)
  if (asStranger < OF_ONE_STRANGER && byStrangers < OF_STRANGERS) return false
  return isOfStranger(ports, channel, row, call)
}

async function isOfStranger(
  ports: CarryingPorts,
  channel: ChannelRow,
  row: CallRow,
  { author }: Call,
): Promise<boolean> {
  return (await memberOf(ports, channel, author, requestIdOf(row))) === null
}

interface Asked {
  readonly call: Call
  readonly served: Served
  readonly caller: Caller
}

async function serve(
  ports: CarryingPorts,
  channel: ChannelRow,
  row: CallRow,
  { call, served, caller }: Asked,
): Promise<CallEnd> {
  const done = await doneBefore(ports.store, row, call)
  if (done !== undefined) return { ...OVER, ...done }
  const asked = { call, served, caller }
  const message = messageIdOf(row, call)
  const live = await liveRun(ports.store, channel, asked)
  if (live !== undefined) return goOn(ports, live, { call, caller, message })
  try {
    const { id } = await begin(ports, channel, asked, { key: keyOf(row), message })
    return { ...OVER, outcome: 'started', runId: id }
  } catch (thrown) {
    if (thrown instanceof BegunMeanwhile) return goOn(ports, thrown.run, { call, caller, message })
    throw thrown
  }
}

async function goOn(
  { control, store, now }: CarryingPorts,
  { id }: RunRow,
  { call, caller, message }: Pick<Asked, 'call' | 'caller'> & { readonly message: string },
): Promise<CallEnd> {
  await control['runs.send'](caller, { id, text: messageOf(call.text) || 'Go on.', message })
  await store.threads.wake(id, now())
  return { ...OVER, outcome: 'continued', runId: id }
}

// Somebody else's try has begun one in the same conversation.
class BegunMeanwhile extends Error {
  readonly run: RunRow

  constructor(run: RunRow) {
    super('A run was begun meanwhile.')
    this.run = run
  }
}

function begin(
  { start, now }: CarryingPorts,
  channel: ChannelRow,
  asked: Asked,
  names: { readonly key: string; readonly message: string },
): Promise<RunRow> {
  const { call, served, caller } = asked
  const { key: place, title, url, place: where } = call.thread
  const told = {
    ...{ channelId: channel.id, organizationId: channel.organizationId, served: served.because },
    thread: { key: place, title, url, place: where },
    repository: call.checkout?.repository ?? null,
    ...{ commentId: null, said: '', saidAt: 0, shown: null, attempts: 0, failures: 0, failingSince: 0 },
    ...{ author: authorMark(call.author), nextAt: now(), busyUntil: 0, createdAt: now() },
  }
  return start(
    caller,
    {
      ...{ prompt: promptOf(call), workspace: workspaceOf(call), ...names },
      access: accessOf(served, channel.access),
    },
    async (unit, { id: runId }) => {
      // Held until the unit has ended: of two who ask at once, the later one finds the run of the first.
      await unit.channels.note(channel.id, 'taken')
      const live = await liveRun(unit, channel, asked)
      if (live !== undefined) throw new BegunMeanwhile(live)
      await unit.threads.insert({ ...told, runId })
    },
  )
}

// The last run of the conversation that is this one's, not over for good, and may do no more than a new one. What an agent
// does for one account is not for another to go on with.
async function liveRun(
  { threads, runs }: Pick<StoreGroups, 'threads' | 'runs'>,
  channel: ChannelRow,
  { call: { thread, author }, served, caller: { kind, id } }: Asked,
): Promise<RunRow | undefined> {
  for (const { runId, author: began } of await threads.ofThread(channel.id, thread.key)) {
    const run = await runs.get(channel.organizationId, runId)
    const isTheirs = run?.subjectKind === kind && run.subjectId === id
    if (run === undefined || !isTheirs || isFinal(run.run.state)) continue
    const isOthers = kind === 'agent' && began !== authorMark(author)
    if (!isOthers && isWithin(run.wanted.access, accessOf(served, channel.access))) return run
  }
  return undefined
}

interface Refusing {
  readonly call: Call
  readonly means: Means
  readonly why: { readonly message: string; readonly hint?: string | undefined }
  /** The page where something can be done about it; null: there is none. */
  readonly mends: string | null
}

// The same is said once to each who asks in a conversation, however often they do.
async function refuse(
  ports: CarryingPorts,
  channel: ChannelRow,
  row: CallRow,
  { call, means, why, mends }: Refusing,
): Promise<CallEnd> {
  const { refusals } = await ports.store.calls.before(row, ports.now())
  if (!refusals.includes(why.message)) {
    const mark = `${ports.publicUrl()}/?asked=${sha256(row.channelId + row.deliveryId).slice(0, 16)}`
    const text = refusalOf(why, mends === null ? null : ports.publicUrl() + mends, mark)
    const platform = platformOf(ports, channel.kind)
    const { place } = call.thread
    // Whoever tried before may have written it, and died before it was noted.
    const written = row.attempts === 0 ? null : await platform.findComment?.(place, mark, means)
    if ((written ?? null) === null) await platform.comment(place, text, null, means)
  }
  return { ...OVER, outcome: 'refused', reason: why.message }
}

// Whoever closes a conversation ends what is theirs in it.
async function endThread(
  ports: CarryingPorts,
  channel: ChannelRow,
  row: CallRow,
  over: Extract<CallRow['parsed'], { is: 'over' }>,
): Promise<CallEnd> {
  const { store, control } = ports
  const caller = await memberOf(ports, channel, over.author, requestIdOf(row))
  let ended: string | null = null
  for (const { runId } of caller === null ? [] : await store.threads.ofThread(channel.id, over.thread)) {
    const run = await store.runs.get(channel.organizationId, runId)
    const isTheirs = run?.subjectKind === 'person' && run.subjectId === caller?.id
    if (caller === null || run === undefined || !isTheirs || isFinal(run.run.state)) continue
    await control['runs.end'](caller, { id: runId })
    await store.threads.wake(runId, ports.now())
    ended = runId
  }
  return { ...OVER, outcome: ended === null ? 'nothing' : 'ended', runId: ended }
}

async function settle(ports: CarryingPorts, channel: ChannelRow, row: CallRow, end: CallEnd): Promise<void> {
  const { guard, server } = ports
  await guard.perform(upkeep({ server }, channel.organizationId), async (unit, authorize) => {
    const details = { delivery: row.deliveryId, outcome: end.outcome, run: end.runId ?? 'none' }
    await authorize(ownAct(channel, 'channel.settle', details))
    await unit.calls.settle({ ...row, attempts: row.attempts + 1 }, end)
  })
}

// The audit log says whose account it was, whatever it is called today.
function detailsOf({ deliveryId }: CallRow, { author, thread }: Call) {
  return { delivery: deliveryId, thread: thread.key, accounts: author.accounts, account: author.accountId }
}

function requestIdOf({ channelId, deliveryId }: CallRow): string {
  return `${channelId}-${sha256(deliveryId).slice(0, 16)}`
}

// What another try would not change.
const FOR_GOOD: readonly ClavigerError['code'][] = [
  ...(['invalid', 'forbidden', 'not_found', 'too_large', 'needs_login', 'no_credential'] as const),
]

// Others may have been changing the same; not again and again.
const CONFLICTS_AT_MOST = 3

function isForGood(thrown: ClavigerError, { attempts, receivedAt }: CallRow, now: number): boolean {
  if (thrown instanceof NotThere && now - receivedAt < NOT_SHOWN_YET) return false
  const { code } = thrown
  return FOR_GOOD.includes(code) || (code === 'conflict' && attempts >= CONFLICTS_AT_MOST)
}

function pauseAfter(row: CallRow, now: number, thrown: unknown): number | null {
  const { attempts, receivedAt } = row
  if (thrown instanceof ClavigerError && isForGood(thrown, row, now)) return null
  if (now - receivedAt > GIVE_UP_AFTER) return null
  return pauseAfterFailure(thrown, FIRST_PAUSE, attempts)
}

function sentenceOf(thrown: unknown): string {
  return thrown instanceof ClavigerError ? thrown.message : 'Something went wrong on this server.'
}

function detailOf(thrown: unknown): string {
  return thrown instanceof ClavigerError
    ? `${thrown.code}: ${thrown.logged ?? thrown.detail ?? ''}`
    : String(thrown)
}
