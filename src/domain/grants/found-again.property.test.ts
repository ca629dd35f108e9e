// A provider that takes its last token only, and the one it was the answer to: whatever is sent in whatever order, given up,
// lost or found again, and whatever clocks say, the rules have one of the two.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Answer, House, type Mode } from '../../../test/support/grant-house.ts'
import { type Attempt, isOver, isSame, keptBeside, nextOrphan, type RefusalReason } from './grant.ts'

interface Flight {
  readonly attempt: Attempt
  readonly sends: number
  said?: Answer | 'refused'
}

const TIMES = { issuedAt: 0, expiresAt: null, endsAt: null, renewable: true }

/** Servers without a clock: any of them may take another for dead, and each may be right. */
class Servers extends House {
  readonly flights: Flight[] = []
  attempts = 0

  constructor(mode: Mode) {
    super(mode, TIMES)
  }

  claim(): Flight | undefined {
    if (isOver(this.grant)) return undefined
    this.attempts += 1
    const { generation } = this.grant
    const orphan = nextOrphan(this.grant)
    const attempt: Attempt = {
      ...{ id: `attempt-${this.attempts}`, generation, purpose: 'recover', replica: 'a', startedAt: 0 },
      ...(orphan !== undefined && { orphan }),
    }
    const flight = { attempt, sends: this.sends() }
    this.happens({ kind: 'claimed', attempt })
    return flight
  }

  /** `at`: by whatever clock. */
  send(flight: Flight, at: number) {
    const { attempt, sends } = flight
    const wasRevoked = this.upstream.revoked
    const said = this.upstream.refresh(sends)
    // To send what was used before ends nothing that had not ended.
    const { parent, generation } = this.grant
    const isParent = attempt.generation === generation && attempt.orphan && isSame(attempt.orphan, parent)
    if (isParent) expect(this.upstream.revoked).toBe(wasRevoked)
    flight.said =
      typeof said === 'string'
        ? 'refused'
        : {
            ...{ ...TIMES, issuedAt: at, attempt: attempt.id, login: 'login-1' },
            ...{ refresh: said.refresh, sent: sends },
          }
  }

  hear({ attempt: { id: attempt }, said }: Flight) {
    if (said === 'refused') this.happens({ kind: 'refused', attempt, reason: 'refused', at: 0 })
    else if (said) this.commit(said)
  }

  /** One more try, from its claim to its end; whether it has worked. */
  try(at: number): boolean {
    const flight = this.claim()
    if (flight === undefined) return false
    this.send(flight, at)
    this.hear(flight)
    return typeof flight.said === 'object'
  }

  /** Whoever has an answer in hand dies, and somebody tries until something works. */
  end() {
    this.flights.length = 0
    for (let tries = 0; !this.try(0); tries += 1) {
      if (isOver(this.grant)) return
      if (tries === 30) throw new Error('It tries without end.')
    }
  }
}

type Deed = 'claim' | 'send' | 'hear' | 'die' | 'lose' | 'unsent' | 'try' | 'restored'

interface Op {
  readonly do: Deed
  /** Which of those that can. */
  readonly who: number
  /** What the clock says of whoever sends. */
  readonly at: number
}

function play(servers: Servers, { do: deed, who, at }: Op) {
  if (deed === 'claim') {
    const claimed = servers.claim()
    if (claimed) servers.flights.push(claimed)
    return
  }
  if (deed === 'try') return void servers.try(at)
  if (deed === 'restored') return servers.happens({ kind: 'restored' })
  const isAfter = deed === 'hear' || deed === 'lose'
  const able = servers.flights.filter(({ said }) => deed === 'die' || (said !== undefined) === isAfter)
  const flight = able[who % Math.max(1, able.length)]
  if (flight === undefined) return
  if (deed === 'send') return servers.send(flight, at)
  servers.flights.splice(servers.flights.indexOf(flight), 1)
  const attempt = flight.attempt.id
  if (deed === 'hear') servers.hear(flight)
  if (deed === 'lose') servers.happens({ kind: 'failed', attempt, notBefore: 0, doubtful: true })
  if (deed === 'unsent') servers.happens({ kind: 'unsent', attempt })
}

const deeds: Readonly<Record<Deed, number>> = {
  ...{ claim: 4, send: 5, hear: 5, try: 2, die: 1, lose: 1, unsent: 1, restored: 1 },
}
const op: fc.Arbitrary<Op> = fc.record({
  do: fc.constantFrom(
    ...Object.entries(deeds).flatMap(([deed, weight]) => Array<Deed>(weight).fill(deed as Deed)),
  ),
  who: fc.nat(3),
  at: fc.nat(3),
})

// The same histories each time; another seed looks at others.
const SEED = 20_261_129

function played(mode: Mode, ops: readonly Op[]): Servers {
  const servers = new Servers(mode)
  for (const one of ops) play(servers, one)
  servers.end()
  return servers
}

function isFoundAgain(ops: readonly Op[]) {
  const servers = played('latest', ops)
  expect([servers.refresh, servers.grant.orphans]).toEqual([servers.upstream.live, []])
  servers.end()
  expect([servers.refresh, keptBeside(servers.grant)]).toEqual([servers.upstream.live, []])
}

const a = (deed: Deed, who = 0, at = 0): Op => ({ do: deed, who, at })

describe('a login at a provider that keeps its latest token only', () => {
  it('is found again at any moment, and nothing is kept beside what has worked', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 40, size: 'max' }), (ops) => {
        for (const length of ops.keys()) isFoundAgain(ops.slice(0, length + 1))
      }),
      { numRuns: 500, seed: SEED },
    )
  })

  // Few histories come to these.
  it.each<Op[]>([
    // An earlier answer takes the place of one that somebody asleep may still send.
    [a('claim'), a('send', 0, 1), a('try'), a('claim'), a('claim'), a('unsent', 1)],
    // The same, and that one is given up only afterwards.
    [a('claim'), a('send', 0, 1), a('try'), a('claim')],
  ])('is found again though the dead answer was current for a while', (...ops) => {
    isFoundAgain([...ops, a('hear'), a('try'), a('try'), a('send')])
  })
})

describe('a login at a provider that takes what was used before for theft', () => {
  it('is not ended by what is sent once more', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Mode>('strict', 'grace'),
        fc.array(op, { maxLength: 40, size: 'max' }),
        (mode, ops) => {
          const { upstream, refresh } = played(mode, ops)
          expect(upstream.revoked || refresh === upstream.live).toBe(true)
        },
      ),
      { numRuns: 500, seed: SEED },
    )
  })

  it('sends its answers first, from the one issued last on, and only then what they are answers to', () => {
    const servers = new Servers('latest')
    for (const deed of ['claim', 'send', 'hear'] as const)
      for (const at of [1, 2, 3]) play(servers, a(deed, 0, at))
    Object.assign(servers.upstream, { live: 98, parent: 99 })
    const sent: number[] = []
    for (; !isOver(servers.grant); servers.try(0)) sent.push(servers.sends())
    expect(sent).toEqual([3, 2, 1, 0])
  })

  it.each<[RefusalReason, boolean]>([
    ['refused', true],
    ['reused', true],
    ['revoked', true],
    // An access token may still serve, and is not put at risk.
    ['expired', false],
    ['other_account', false],
  ])('that was refused as %s sends it: %s', (reason, isSent) => {
    const servers = new Servers('latest')
    for (const deed of ['claim', 'try', 'claim'] as const) play(servers, a(deed))
    servers.happens({ kind: 'refused', attempt: 'attempt-3', reason, at: 0 })
    expect(nextOrphan(servers.grant)).toEqual(isSent ? { generation: 1, issuedAt: 0 } : undefined)
    expect(isOver(servers.grant)).toBe(!isSent)
  })
})
