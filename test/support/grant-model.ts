// A world of its own for the rules of grants: a provider that rotates, servers that die, sleep, have wrong clocks and come
// back with their journals, answers that are lost. Nothing in it is real but the rules.

import { expect } from 'vitest'
import { decide, type GrantTimings, isGood, type Watched, type Wish } from '../../src/domain/grants/decide.ts'
import { type Attempt, isSame, nextOrphan, type Tokens } from '../../src/domain/grants/grant.ts'
import { type Answer, House, type Mode } from './grant-house.ts'

export const SECOND = 1_000
const timings: GrantTimings = {
  margin: 300 * SECOND,
  dead: 4 * SECOND,
  journalGrace: 60 * SECOND,
  cap: 180 * SECOND,
  warm: 8 * 86_400 * SECOND,
  forcedEvery: 300 * SECOND,
}
export const LIFE = 3_600 * SECOND
const LEASE_LEFT = 20 * SECOND

type Stage = 'claimed' | 'asking' | 'answered' | 'escrowed'

interface Flight {
  readonly attempt: Attempt
  readonly login: string
  readonly sends: number
  stage: Stage
  claimedAt: number
  askedAt: number
  answer?: Answer | 'refused' | 'failed' | 'lost'
}

export interface Replica {
  readonly name: string
  /** How far its clock is off. */
  readonly skew: number
  alive: boolean
  awake: boolean
  flight: Flight | undefined
  journal: Answer[]
  /** Since when this replica has watched the attempt, and since when it heard nothing. */
  watch: { attempt: string; since: number; heard: number } | undefined
}

const START = 1_000_000 * SECOND

function tokensOf(now: number): Tokens {
  return { issuedAt: now, expiresAt: now + LIFE, endsAt: null, renewable: true }
}

export class World extends House {
  now = START
  /** Whether the provider tells when it issues tokens. */
  readonly says: boolean
  readonly replicas: Replica[]
  lostAnswers = 0
  lateSends = 0
  attempts = 0
  logins = 1

  constructor(mode: Mode, says = false, skews: readonly number[] = []) {
    super(mode, tokensOf(START))
    this.says = says
    this.replicas = ['a', 'b', 'c'].map((name, place) => ({
      ...{ name, skew: skews[place] ?? 0, alive: true, awake: true, journal: [] },
      ...{ flight: undefined, watch: undefined },
    }))
  }

  tokens(): Tokens {
    return tokensOf(this.now)
  }

  tick(ms: number) {
    // In steps, because replicas look once a second.
    for (let left = ms; left > 0; left -= SECOND) {
      this.now += Math.min(SECOND, left)
      for (const replica of this.replicas) this.look(replica)
    }
  }

  look(replica: Replica) {
    const { attempt } = this.grant
    if (!replica.alive || !replica.awake || attempt === null) {
      replica.watch = undefined
      return
    }
    if (replica.watch?.attempt !== attempt.id)
      replica.watch = { attempt: attempt.id, since: this.now, heard: this.now }
    const owner = this.replicas.find(({ name }) => name === attempt.replica)
    if (owner?.alive && owner.awake && owner.flight?.attempt.id === attempt.id) replica.watch.heard = this.now
  }

  watched(replica: Replica): Watched | null {
    const { attempt } = this.grant
    if (attempt === null) return null
    this.look(replica)
    const { since = this.now, heard = this.now } = replica.watch ?? {}
    const own = attempt.replica === replica.name && replica.flight?.attempt.id !== attempt.id
    const journaled = replica.journal.some((line) => line.attempt === attempt.id)
    return { silence: this.now - heard, watched: this.now - since, provenSilent: own && !journaled }
  }

  ask(replica: Replica, wish: Wish): string {
    if (!replica.alive || !replica.awake) return 'nobody'
    const situation = { now: this.now, spread: 0.5, watched: this.watched(replica), timings }
    const action = decide(this.grant, wish, situation)
    if (action.kind === 'serve') expect(isGood(this.grant, this)).toBe(true)
    if (action.kind !== 'attempt' || replica.flight !== undefined) return action.kind
    if (action.purpose === 'recover' && this.holdsAnswer(this.grant.attempt)) this.lostAnswers += 1
    this.attempts += 1
    const orphan = nextOrphan(this.grant)
    const attempt: Attempt = {
      id: `attempt-${this.attempts}`,
      generation: this.grant.generation,
      purpose: action.purpose,
      replica: replica.name,
      startedAt: this.now,
      ...(orphan !== undefined && { orphan }),
    }
    this.happens({ kind: 'claimed', attempt })
    replica.flight = {
      ...{ attempt, login: this.grant.login, sends: this.sends(), stage: 'claimed' },
      ...{ claimedAt: this.now, askedAt: this.now },
    }
    return 'attempt'
  }

  /** Whether somebody who has slept for longer than the others wait has an answer that nobody else knows of. */
  holdsAnswer(attempt: Attempt | null): boolean {
    return this.replicas.some(({ flight, journal }) => {
      const inFlight = flight?.attempt.id === attempt?.id && typeof flight?.answer === 'object'
      return inFlight || journal.some((line) => line.attempt === attempt?.id)
    })
  }

  /** The next step of what this replica is at. `lost`: the answer does not arrive. */
  step(replica: Replica, lost = false) {
    const { flight } = replica
    if (!replica.alive || !replica.awake || flight === undefined) return
    switch (flight.stage) {
      case 'claimed':
        return this.begin(replica, flight)
      case 'asking':
        return this.send(flight, lost)
      case 'answered':
        if (typeof flight.answer === 'object') replica.journal.push(flight.answer)
        flight.stage = 'escrowed'
        return
      case 'escrowed':
        replica.flight = undefined
        this.conclude(flight)
    }
  }

  begin(replica: Replica, flight: Flight) {
    // Just before the first byte: too late, and nothing is sent.
    if (this.now - flight.claimedAt > LEASE_LEFT) {
      this.happens({ kind: 'unsent', attempt: flight.attempt.id })
      replica.flight = undefined
      return
    }
    flight.askedAt = this.now + replica.skew
    flight.stage = 'asking'
  }

  /** Whatever time has passed since: a server may sleep between its last look at the clock and the first byte. */
  send(flight: Flight, lost: boolean) {
    // It was given up meanwhile: to most providers one of the two is a thief.
    if (this.grant.attempt?.id !== flight.attempt.id) this.lateSends += 1
    const wasRevoked = this.upstream.revoked
    const said = this.upstream.refresh(flight.sends)
    // To send what was used before ends nothing that had not ended.
    const { orphan } = flight.attempt
    if (orphan && isSame(orphan, this.grant.parent)) expect(this.upstream.revoked).toBe(wasRevoked)
    const rotated = typeof said === 'object'
    if (lost && rotated) this.lostAnswers += 1
    flight.stage = 'answered'
    flight.answer = lost
      ? 'lost'
      : rotated
        ? {
            ...{ ...this.tokens(), ...(this.says && { mintedAt: this.now }), issuedAt: flight.askedAt },
            ...{ attempt: flight.attempt.id, login: flight.login },
            ...{ refresh: said.refresh, sent: flight.sends },
          }
        : said
  }

  conclude({ attempt, answer }: Flight) {
    if (answer === 'refused') {
      const reason = 'refused' as const
      this.happens({ kind: 'refused', attempt: attempt.id, reason, at: this.now })
    } else if (answer === 'failed' || answer === 'lost') {
      const doubtful = answer === 'lost'
      const notBefore = this.now + SECOND * 2 ** Math.min(this.grant.failures, 6)
      this.happens({ kind: 'failed', attempt: attempt.id, notBefore, doubtful })
    } else if (answer !== undefined) this.commit(answer)
  }

  kill(replica: Replica) {
    const { flight } = replica
    if (flight?.stage === 'answered' && typeof flight.answer === 'object') this.lostAnswers += 1
    Object.assign(replica, { alive: false, flight: undefined, watch: undefined })
  }

  /** A server that starts drains its journal before anything else. */
  start(replica: Replica) {
    if (replica.alive) return
    Object.assign(replica, { alive: true, awake: true })
    for (const line of replica.journal) this.commit(line)
  }

  signIn() {
    this.logins += 1
    this.upstream.revoked = false
    // Another family: nothing that was there before is of it.
    this.refresh = this.upstream.mint(-1).refresh
    this.happens({
      kind: 'signed-in',
      login: `login-${this.logins}`,
      tokens: this.tokens(),
    })
  }

  /** Faults are over: everybody runs, the provider answers, and somebody asks again and again. */
  calm(): string {
    this.upstream.failing = false
    for (const replica of this.replicas) {
      replica.awake = true
      this.start(replica)
    }
    let said = ''
    for (let round = 0; round < 500; round += 1) {
      for (const replica of this.replicas) {
        said = this.ask(replica, { kind: 'use' })
        this.step(replica)
      }
      const isQuiet = this.grant.attempt === null && this.replicas.every(({ flight }) => flight === undefined)
      if (isQuiet && (said === 'sign-in' || (said === 'serve' && !this.grant.doubtful))) return said
      this.tick(SECOND)
    }
    return said
  }
}
