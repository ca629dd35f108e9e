// Whatever happens to a run in whatever order: no message is lost or given twice to one claim, and it ends as was wished.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClavigerError } from '../errors.ts'
import {
  isFinal,
  isHeld,
  isOver,
  type MessageState,
  newRun,
  REPORTED_STATES,
  type Run,
  type RunRequest,
  type Step,
  after as stepped,
} from './run.ts'

interface World {
  run: Run
  readonly messages: MessageState[]
  /** Message and claim it was sent under; one that was certainly never given is taken out. */
  readonly sent: Set<string>
  claims: number
}

type Act = (world: World) => void

function step(world: World, one: Step): boolean {
  try {
    world.run = stepped(world.run, one)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(ClavigerError)
    return false
  }
}

const move = (number: number, to: MessageState): Act => {
  return (world) => {
    const claim = world.run.claim?.id
    const from = world.messages[number % Math.max(1, world.messages.length)]
    if (from === undefined || claim === undefined || !isHeld(world.run.state)) return
    const key = `${number % world.messages.length} ${claim}`
    if (!step(world, { is: 'message-moved', from, to })) return
    if (to === 'sent') {
      expect(world.sent.has(key)).toBe(false)
      world.sent.add(key)
    }
    if (to === 'queued') world.sent.delete(key)
    world.messages[number % world.messages.length] = to
  }
}

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constant<Act>((world) => {
    if (step(world, { is: 'message-queued', at: 1 })) world.messages.push('queued')
  }),
  fc.constantFrom<RunRequest>('wake', 'hibernate', 'cancel', 'end').map((what): Act => {
    return (world) => void step(world, { is: 'asked', what, at: 2 })
  }),
  fc.constantFrom('w1', 'w2').map((worker): Act => {
    return (world) => {
      world.claims += 1
      step(world, { is: 'claimed', claim: { id: `c${world.claims}`, worker, at: 3 } })
    }
  }),
  fc.constantFrom(...REPORTED_STATES).map((to): Act => {
    return (world) => void step(world, { is: 'moved', to, at: 4, reason: 'so', until: 9 })
  }),
  fc
    .constantFrom<Step>(
      { is: 'lost', at: 5, reason: 'silent' },
      { is: 'found', at: 6 },
      { is: 'let-go', at: 7, reason: 'revoked', workspace: 'left' },
      { is: 'let-go', at: 7, reason: 'off', workspace: 'kept' },
      { is: 'let-go', at: 7, reason: 'revoked', workspace: 'gone' },
      { is: 'idle' },
      { is: 'session', session: 's' },
      { is: 'chosen', what: { credential: null, model: 'opus' } },
      { is: 'interrupted', message: 'm' },
    )
    .map(
      (one): Act =>
        (world) =>
          void step(world, one),
    ),
  fc
    .tuple(fc.nat(5), fc.constantFrom<MessageState>('sent', 'done', 'failed', 'queued'))
    .map(([n, to]) => move(n, to)),
)

function mustHold({ run, messages }: World, before: Run): void {
  expect(run.messages).toBe(messages.length)
  expect(run.waiting).toBe(messages.filter((state) => state === 'queued').length)
  expect(run.open).toBe(messages.filter((state) => state === 'sent').length)
  // Whoever has it has a claim, and who rests has none.
  if (isHeld(run.state)) expect(run.claim).not.toBeNull()
  if (isOver(run.state) || run.state === 'hibernated') expect(run.claim).toBeNull()
  if (run.lost !== null) expect([run.state, isHeld(run.lost)]).toEqual(['queued', true])
  if (!isHeld(run.state) && run.lost === null) expect(run.wish).toBeNull()
  if (isFinal(before.state)) expect(run.state).toBe(before.state)
  // What was wished for is what comes, however it comes.
  if (before.wish === 'cancel' && isHeld(before.state) && run.wish !== 'cancel' && run.lost === null)
    expect(run.state).toBe('cancelled')
  if (run.until !== null) expect(run.state).toBe('waiting_for_credentials')
  expect(run.bell).toBeGreaterThanOrEqual(before.bell)
}

describe('a run', () => {
  it('keeps its books whatever happens', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const world: World = { run: newRun(0), messages: [], sent: new Set(), claims: 0 }
        for (const one of acts) {
          const before = world.run
          one(world)
          mustHold(world, before)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('with a message waiting goes on: it is woken, or can be, until it is over for good', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const world: World = { run: newRun(0), messages: [], sent: new Set(), claims: 0 }
        for (const one of acts) one(world)
        if (isFinal(world.run.state) || world.run.wish === 'cancel' || world.run.wish === 'end') return
        const told = stepped(world.run, { is: 'message-queued', at: 10 })
        expect(told.state === 'queued' || isHeld(told.state)).toBe(true)
        expect(told.wish).toBeNull()
        expect(told.bell).toBeGreaterThan(world.run.bell)
      }),
    )
  })
})

const booted = (worker = 'w1') => stepped(newRun(0), { is: 'claimed', claim: { id: 'c1', worker, at: 1 } })
const report = (run: Run, to: (typeof REPORTED_STATES)[number]) =>
  stepped(run, { is: 'moved', to, at: 2, reason: '', until: null })

describe('what happens to a run', () => {
  it('is what was wished last, though its worker has obeyed what was wished before', () => {
    const asked = (what: RunRequest, run: Run) => stepped(run, { is: 'asked', what, at: 2 })
    expect(report(asked('cancel', asked('end', booted())), 'done').state).toBe('cancelled')
    const woken = asked('wake', asked('hibernate', stepped(booted(), { is: 'message-queued', at: 1 })))
    const sent = stepped(woken, { is: 'message-moved', from: 'queued', to: 'sent' })
    expect(report(sent, 'hibernated')).toMatchObject({ state: 'queued', claim: null })
  })

  it('its session stays with the machine that has it', () => {
    const run = stepped(booted(), { is: 'session', session: 's1' })
    const resting = report(run, 'hibernated')
    const woken = stepped(resting, { is: 'asked', what: 'wake', at: 3 })
    const claim = (worker: string) => stepped(woken, { is: 'claimed', claim: { id: 'c2', worker, at: 4 } })
    expect(claim('w1').session).toBe('s1')
    expect(claim('w2')).toMatchObject({ session: null, place: 'w2' })
  })

  it('a worker that was lost and found goes on as it was', () => {
    const run = report(booted(), 'working')
    const lost = stepped(run, { is: 'lost', at: 3, reason: 'silent' })
    expect(lost).toMatchObject({ state: 'queued', lost: 'working' })
    expect(stepped(lost, { is: 'found', at: 4 })).toMatchObject({ state: 'working', lost: null, reason: '' })
  })

  it('is asked only for what can be', () => {
    const words = (run: Run, what: RunRequest) => {
      try {
        return stepped(run, { is: 'asked', what, at: 5 }).state
      } catch (error) {
        return String(error)
      }
    }
    const cancelled = report(stepped(booted(), { is: 'asked', what: 'cancel', at: 2 }), 'cancelled')
    expect(words(cancelled, 'cancel')).toBe('cancelled')
    expect(words(cancelled, 'wake')).toContain('A run that is cancelled cannot be woken.')
    expect(words(cancelled, 'end')).toContain('A run that is cancelled cannot be ended.')
    expect(words(report(booted(), 'failed'), 'wake')).toBe('queued')
    expect(words(report(booted(), 'failed'), 'hibernate')).toContain('cannot hibernate')
    expect(() => report(booted(), 'done')).toThrow('Nobody has asked for this run to be done.')
    expect(() => report(newRun(0), 'ready')).toThrow('A run that is queued cannot be ready.')
  })

  it('is queued again when it was woken while its worker put it to sleep, and stays asleep the next time', () => {
    const asked = (what: RunRequest, run: Run) => stepped(run, { is: 'asked', what, at: 3 })
    const woken = asked('wake', asked('hibernate', report(booted(), 'ready')))
    expect(woken).toMatchObject({ state: 'ready', wish: null })
    const queued = report(woken, 'hibernated')
    expect(queued).toMatchObject({ state: 'queued', claim: null })
    const again = stepped(queued, { is: 'claimed', claim: { id: 'c2', worker: 'w1', at: 4 } })
    expect(report(asked('hibernate', report(again, 'ready')), 'hibernated').state).toBe('hibernated')
    // Who wishes again after that counts.
    expect(report(asked('hibernate', woken), 'hibernated').state).toBe('hibernated')
    expect(report(asked('end', woken), 'hibernated').state).toBe('done')
    expect(report(report(booted(), 'ready'), 'hibernated').state).toBe('hibernated')
  })

  it('says why it hibernates for others, unless it was woken', () => {
    const idle = stepped(report(booted(), 'ready'), { is: 'idle', reason: 'others wait' })
    expect(idle).toMatchObject({ state: 'ready', reason: 'others wait', wish: 'hibernate' })
    expect(report(report(idle, 'ready'), 'hibernated').reason).toBe('others wait')
    expect(report(idle, 'hibernated')).toMatchObject({ state: 'hibernated', reason: 'others wait' })
    expect(stepped(idle, { is: 'asked', what: 'wake', at: 5 })).toMatchObject({ state: 'ready', reason: '' })
    const working = report(booted(), 'working')
    expect(stepped(working, { is: 'idle', reason: 'others wait' })).toEqual(working)
  })

  it('a message while it falls asleep wakes it, unless it was put to sleep before', () => {
    const waiting = stepped(report(booted(), 'ready'), { is: 'message-queued', at: 3 })
    expect(report(waiting, 'hibernated')).toMatchObject({ state: 'queued', claim: null })
    const sent = stepped(waiting, { is: 'asked', what: 'hibernate', at: 4 })
    expect(report(sent, 'hibernated').state).toBe('hibernated')
    const idle = stepped(report(booted(), 'ready'), { is: 'idle' })
    expect(idle.wish).toBe('hibernate')
    expect(report(stepped(idle, { is: 'message-queued', at: 5 }), 'hibernated').state).toBe('queued')
  })
})
