// What the servers of a model of grants have in common: a provider that rotates, the grant, and what is kept of it. The rules
// are the real ones; nothing else is.

import { expect } from 'vitest'
import {
  after,
  belonging,
  type Grant,
  type GrantEvent,
  keptBeside,
  nextOrphan,
  signedIn,
  type Tokens,
} from '../../src/domain/grants/grant.ts'

export type Mode = 'strict' | 'grace' | 'latest'

/**
 * Rotates with each use. When a used token comes again, `strict` revokes the login, `grace` gives the same child, and
 * `latest` gives another, with which the first is dead.
 */
class Upstream {
  readonly mode: Mode
  live = 0 // the refresh token that is good
  parent = -1 // the one that brought it
  minted = 0
  revoked = false
  failing = false
  calls = 0

  constructor(mode: Mode) {
    this.mode = mode
  }

  refresh(token: number): { refresh: number } | 'refused' | 'failed' {
    this.calls += 1
    if (this.failing) return 'failed'
    if (this.revoked) return 'refused'
    const isLive = token === this.live
    if (this.mode === 'grace' && token === this.parent) return { refresh: this.live }
    if (isLive || (this.mode === 'latest' && token === this.parent)) return this.mint(token)
    if (this.mode !== 'latest') this.revoked = true
    return 'refused'
  }

  /** A token that nobody has had. */
  mint(parent: number): { refresh: number } {
    this.minted += 1
    Object.assign(this, { parent, live: this.minted })
    return { refresh: this.live }
  }
}

export interface Answer extends Tokens {
  readonly attempt: string
  readonly login: string
  readonly refresh: number
  readonly sent: number
}

/** The grant and what is kept of it, as one database has it. */
export class House {
  readonly upstream: Upstream
  grant: Grant
  refresh = 0 // the refresh token of the current generation
  readonly committed: string[] = []
  readonly placed = new Set<string>() // attempts
  /** What is kept beside it, by attempt, and what was current, by generation. */
  readonly kept = new Map<string | number, number>()

  constructor(mode: Mode, tokens: Tokens) {
    this.upstream = new Upstream(mode)
    this.grant = signedIn('login-1', 1, tokens)
  }

  /** The refresh token that the next attempt sends. */
  sends(): number {
    const orphan = nextOrphan(this.grant)
    if (orphan === undefined) return this.refresh
    const kept = this.kept.get('attempt' in orphan ? orphan.attempt : orphan.generation)
    if (kept === undefined) throw new Error('What is to be sent was not kept.')
    return kept
  }

  /** Idempotent by attempt. */
  commit(answer: Answer) {
    const { attempt, refresh, sent } = answer
    if (this.placed.has(attempt)) return
    this.placed.add(attempt)
    const sentCurrent = sent === this.refresh
    const place = belonging(this.grant, { ...answer, sentCurrent })
    if (place === 'orphan') {
      this.kept.set(attempt, refresh)
      this.happens({ kind: 'set-aside', attempt, issued: answer })
    }
    if (place !== 'current') return
    const { generation } = this.grant
    this.kept.set(generation, this.refresh)
    this.happens({ kind: 'renewed', attempt, tokens: answer, sentCurrent })
    this.refresh = refresh
    this.committed.push(attempt)
    expect(this.grant.generation).toBe(generation + 1)
  }

  /** What the grant does not name any more is erased, but for the last generations. */
  happens(event: GrantEvent) {
    this.grant = after(this.grant, event)
    const named = keptBeside(this.grant).map((one) => ('attempt' in one ? one.attempt : one.generation))
    for (const key of this.kept.keys()) {
      const isRecent = typeof key === 'number' && key > this.grant.generation - 3
      if (!isRecent && !named.includes(key)) this.kept.delete(key)
    }
  }
}
