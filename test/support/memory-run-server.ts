// For tests: a server in memory for one worker, with the rules of the real one: claims, numbered reports, states that can
// be, messages that move as they may. It can be away, lose its answers, and say what it is told to of refusals.

import type { LeaseNews } from '../../src/client/lease-news.ts'
import { ClavigerError } from '../../src/domain/errors.ts'
import type { ConversationEvent, Failure } from '../../src/domain/runs/conversation.ts'
import {
  after,
  isFinal,
  isHeld,
  type MessageState,
  newRun,
  type Run,
  type RunRequest,
  type Step,
} from '../../src/domain/runs/run.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { AcquiredLease } from '../../src/runner/lease-source.ts'
import type { Item } from '../../src/runner/reporting/said.ts'
import type { ClaimedRun, RunNews, RunServer, Verdict } from '../../src/runner/worker/run-server.ts'

interface Message {
  readonly id: string
  readonly text: string
  state: MessageState
  reason: string
}

interface Kept {
  run: Run
  readonly id: string
  readonly messages: Message[]
  readonly events: ConversationEvent[]
  /** With their reasons. */
  readonly states: string[]
}

export interface MemoryRunServer {
  readonly server: RunServer
  /** Nobody reaches it. */
  away: boolean
  /** So many reports are kept, and their answers lost. */
  losing: number
  /** What is said of the next refusals; then `retry`. */
  readonly verdicts: (Verdict | ClavigerError)[]
  /** What is thrown for the next leases that are asked for. */
  readonly leaseErrors: ClavigerError[]
  /** Leases that are over, of which the worker has not heard. */
  readonly over: Set<string>
  readonly rejections: { readonly lease: string; readonly generation: number; readonly failure: Failure }[]
  /** What it refused that a worker should not have said. */
  readonly refusals: string[]
  begin(...texts: readonly string[]): Kept
  send(kept: Kept, text: string): void
  ask(kept: Kept, what: RunRequest): void
  step(kept: Kept, step: Step): void
  /** To everybody who follows a lease. */
  tell(news: LeaseNews): void
  /** How many follow a lease now. */
  followers(): number
}

const WORKER = 'w1'

export function memoryRunServer(): MemoryRunServer {
  const runs: Kept[] = []
  const followers = new Set<(news: LeaseNews) => void>()
  let changed = Promise.withResolvers<void>()
  let count = 0
  const wake = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const next = (kind: string) => {
    count += 1
    return `${kind}-${count}`
  }
  const mustBeThere = () => {
    if (self.away) throw new ClavigerError('unreachable', 'It is away.')
  }
  // Until there is something, it goes away, or nobody waits any more.
  const waiting = async <T>(look: () => T | null, nothing: T, seconds: number, signal: AbortSignal) => {
    const end = performance.now() + seconds * 1_000
    for (;;) {
      mustBeThere()
      const found = look()
      if (found !== null || signal.aborted || performance.now() > end) return found ?? nothing
      await Promise.race([changed.promise, new Promise((resolve) => setTimeout(resolve, 20))])
    }
  }
  const holdOf = (id: string, claim: string): Kept => {
    const kept = runs.find((one) => one.id === id)
    if (kept === undefined || kept.run.claim?.id !== claim)
      throw new ClavigerError('conflict', 'This run is not under this claim any more.')
    return kept
  }
  const server: RunServer = {
    claim: ({ capacity, holding, waitSeconds }, signal) =>
      waiting(() => claimed(runs, { capacity, holding, next }), [], waitSeconds, signal),
    heartbeat: (_process, beats, waitSeconds, signal) =>
      waiting(() => beaten(runs, beats), { lost: [], news: [] }, waitSeconds, signal),
    async over(places) {
      await Promise.resolve()
      mustBeThere()
      return places.filter((id) => isFinal(runs.find((one) => one.id === id)?.run.state ?? 'ready'))
    },
    async report({ id, claim }, items) {
      await Promise.resolve()
      mustBeThere()
      const kept = runs.find((one) => one.id === id)
      const isAgain = kept?.run.claim === null && kept.run.lastClaim === claim
      if (!isAgain || (items.at(-1)?.seq ?? 0) > (kept?.run.reported ?? 0)) {
        takeIn(holdOf(id, claim), items, self.refusals)
        wake()
      }
      if (self.losing > 0) {
        self.losing -= 1
        throw new ClavigerError('unreachable', 'No answer.')
      }
    },
    async lease({ id, claim }) {
      await Promise.resolve()
      mustBeThere()
      const error = self.leaseErrors.shift()
      if (error !== undefined) throw error
      holdOf(id, claim)
      return leaseOf(next('lease'))
    },
    async cloneAccess() {
      throw new ClavigerError('not_found', 'No run here has a private repository.')
    },
    async endCloneAccess() {
      throw new ClavigerError('not_found', 'No run here has a private repository.')
    },
    async reject(lease, generation, failure) {
      await Promise.resolve()
      mustBeThere()
      self.rejections.push({ lease, generation, failure })
      const verdict = self.verdicts.shift() ?? { kind: 'retry', reason: 'it was renewed' }
      if (verdict instanceof ClavigerError) throw verdict
      return verdict
    },
    live: {
      async *follow(_lease, _generation, signal) {
        const queue: LeaseNews[] = []
        let ring = Promise.withResolvers<void>()
        const hear = (news: LeaseNews) => {
          queue.push(news)
          ring.resolve()
        }
        followers.add(hear)
        const stop = () => ring.resolve()
        signal.addEventListener('abort', stop)
        try {
          while (!signal.aborted) {
            const news = queue.shift()
            if (news !== undefined) yield news
            else await ring.promise
            ring = Promise.withResolvers()
          }
        } finally {
          followers.delete(hear)
          signal.removeEventListener('abort', stop)
        }
      },
      async read(lease) {
        await Promise.resolve()
        mustBeThere()
        if (self.over.delete(lease)) throw new ClavigerError('no_credential', 'Its lease is over.')
        return leaseOf(lease).credential
      },
    },
  }
  const step = (kept: Kept, one: Step) => {
    kept.run = after(kept.run, one)
    wake()
  }
  const self: MemoryRunServer = {
    ...{ server, step, away: false, losing: 0, verdicts: [], leaseErrors: [], rejections: [], refusals: [] },
    over: new Set(),
    begin(...texts) {
      const kept: Kept = { run: newRun(0), id: next('run'), messages: [], events: [], states: [] }
      for (const text of texts) self.send(kept, text)
      runs.push(kept)
      wake()
      return kept
    },
    send(kept, text) {
      step(kept, { is: 'message-queued', at: 1 })
      kept.messages.push({ id: next('message'), text, state: 'queued', reason: '' })
    },
    ask: (kept, what) => step(kept, { is: 'asked', what, at: 1 }),
    tell(news) {
      for (const hear of followers) hear(news)
    },
    followers: () => followers.size,
  }
  return self
}

interface Claiming {
  readonly capacity: number
  readonly holding: readonly string[]
  readonly next: (kind: string) => string
}

function claimed(runs: readonly Kept[], { capacity, holding, next }: Claiming): ClaimedRun[] | null {
  const free = runs.filter(
    ({ run }) => run.state === 'queued' || (isHeld(run.state) && !holding.includes(run.claim?.id ?? '')),
  )
  const taken = free.slice(0, capacity).map((kept) => {
    kept.run = after(kept.run, { is: 'claimed', claim: { id: next('claim'), worker: WORKER, at: 1 } })
    return claimedRun(kept)
  })
  return taken.length === 0 ? null : taken
}

function claimedRun(kept: Kept): ClaimedRun {
  const { run, id } = kept
  return {
    ...{ id, claim: run.claim?.id ?? '', harness: 'claude', model: null, access: 'write', usage: run.usage },
    ...{ workspace: { kind: 'fresh' }, session: run.session, ...newsOf(kept, ['queued', 'sent']) },
  }
}

function newsOf(
  { run: { bell, wish, chosen, interrupted }, messages }: Kept,
  states: readonly MessageState[],
): RunNews {
  const pending = messages.filter(({ state }) => states.includes(state))
  return {
    ...{ bell, wish, interrupted: interrupted ?? null, chosen: chosen ?? null },
    messages: pending.map(({ id, text, state }) => ({
      id,
      text,
      state: state === 'sent' ? state : 'queued',
    })),
  }
}

type Beats = Parameters<RunServer['heartbeat']>[1]

function beaten(runs: readonly Kept[], beats: Beats): Awaited<ReturnType<RunServer['heartbeat']>> | null {
  const of = (claim: string) => runs.find(({ run }) => run.claim?.id === claim)
  const lost = beats.filter(({ claim }) => of(claim) === undefined).map(({ id }) => id)
  const news = beats.flatMap(({ claim, bell }) => {
    const kept = of(claim)
    return kept === undefined || kept.run.bell <= bell ? [] : [{ id: kept.id, ...newsOf(kept, ['queued']) }]
  })
  return lost.length + news.length === 0 ? null : { lost, news }
}

// All of it or nothing, as the real one does.
function takeIn(kept: Kept, items: readonly Item[], refusals: string[]): void {
  const messages = kept.messages.map((message) => ({ ...message }))
  const fresh = items.filter(({ seq }) => seq > kept.run.reported)
  let { run } = kept
  const claim = run.claim?.id
  try {
    fresh.forEach((item, i) => {
      if (item.seq !== kept.run.reported + i + 1) throw new Error(`item ${item.seq} comes too early`)
      if (run.claim?.id !== claim) throw new Error(`something is said after the end: ${JSON.stringify(item)}`)
      for (const step of stepsOf(item, messages)) run = after(run, step)
    })
  } catch (error) {
    refusals.push(String(error))
    throw new ClavigerError('invalid', String(error))
  }
  kept.run = run
  kept.messages.splice(0, messages.length, ...messages)
  for (const item of fresh) {
    if (item.is === 'event') kept.events.push(item.event)
    if (item.is === 'state')
      kept.states.push(`${item.state}${item.reason === undefined ? '' : `: ${item.reason}`}`)
  }
}

function stepsOf(item: Item, messages: readonly Message[]): Step[] {
  const reported: Step = { is: 'reported', upTo: item.seq }
  if (item.is === 'state') {
    const { state: to, reason = '', until } = item
    const moved = { to, at: 1, reason, until: until === undefined ? null : Date.parse(until) }
    return [{ is: 'moved', ...moved }, reported]
  }
  if (item.is === 'event')
    return item.event.kind === 'session'
      ? [{ is: 'session', session: item.event.session }, reported]
      : [reported]
  const message = messages.find(({ id }) => id === item.message)
  if (message === undefined) throw new Error(`there is no message ${item.message}`)
  if (item.state === 'sent' && messages.find(({ state }) => state === 'queued') !== message)
    throw new Error(`${message.text} is not the first`)
  const from = message.state
  message.state = item.state
  message.reason = item.reason ?? ''
  return [{ is: 'message-moved', from, to: item.state }, reported]
}

/** On a key, under this id. */
export function leaseOf(leaseId: string, generation = 1): AcquiredLease {
  return {
    ...{ leaseId, handle: new Secret(`clv_test_${leaseId}`), serverUrl: 'http://127.0.0.1:1', expiresAt: 0 },
    credential: {
      ...{ id: 'cred-1', name: 'main', owner: 'org', type: 'claude/api-key', suffix: 'test', generation },
      fields: { key: new Secret('sk-ant-test-memory') },
    },
    ...{ raw: [], reason: 'it is the only one' },
  }
}

export type KeptRun = Kept
