// The rules of grants against a world of our own: a provider that rotates, servers that die, sleep and come back with
// their journals, answers that are lost. Whatever happens in whatever order, the promises of design §7 hold.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mode } from '../../../test/support/grant-house.ts'
import { LIFE, type Replica, SECOND, World } from '../../../test/support/grant-model.ts'
import { keptBeside } from './grant.ts'

type Op =
  | { readonly do: 'tick'; readonly ms: number }
  | {
      readonly do: 'ask' | 'ahead' | 'forced' | 'step' | 'lose' | 'kill' | 'start' | 'sleep' | 'wake'
      readonly who: number
    }
  | { readonly do: 'outage' | 'sign-in' }
  | { readonly do: 'rivals'; readonly who: number; readonly sentFirst: boolean }

const who = fc.nat(2)
const common: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ do: fc.constant('tick' as const), ms: fc.constantFrom(500, 5_000, 70_000, LIFE / 2, LIFE) }),
  fc.record({
    do: fc.constantFrom('ask', 'ahead', 'forced', 'step', 'step', 'step'),
    who,
  }) as fc.Arbitrary<Op>,
)
const faults: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ do: fc.constantFrom('lose', 'kill', 'start', 'sleep', 'wake'), who }) as fc.Arbitrary<Op>,
  fc.record({ do: fc.constantFrom('outage') }) as fc.Arbitrary<Op>,
  fc.record({ do: fc.constant('rivals' as const), who, sentFirst: fc.boolean() }),
)

// One sleeps before or after it sends; another takes it for dead and sends the same token.
function playRivals(world: World, sleeper: Replica, sentFirst: boolean) {
  world.tick(LIFE)
  world.ask(sleeper, { kind: 'use' })
  for (let i = 0; i < (sentFirst ? 2 : 1); i += 1) world.step(sleeper)
  sleeper.awake = false
  const other = world.replicas.find((one) => one !== sleeper && one.alive && one.awake)
  for (let i = 0; i < 2 && other !== undefined; i += 1) {
    world.tick(70 * SECOND)
    world.ask(other, { kind: 'use' })
  }
  for (let i = 0; i < 4 && other !== undefined; i += 1) world.step(other)
  sleeper.awake = true
}

function play(world: World, op: Op) {
  if (op.do === 'tick') return world.tick(op.ms)
  if (!('who' in op)) {
    if (op.do === 'sign-in') world.signIn()
    else world.upstream.failing = !world.upstream.failing
    return
  }
  const replica = world.replicas[op.who] as Replica
  if (op.do === 'rivals') return playRivals(world, replica, op.sentFirst)
  switch (op.do) {
    case 'ask':
      return void world.ask(replica, { kind: 'use' })
    case 'ahead':
      return void world.ask(replica, { kind: 'ahead' })
    case 'forced':
      return void world.ask(replica, { kind: 'forced', seen: world.grant.generation })
    case 'step':
      return world.step(replica)
    case 'lose':
      return world.step(replica, true)
    case 'kill':
      return world.kill(replica)
    case 'start':
      return world.start(replica)
    case 'sleep':
      replica.awake = false
      return
    case 'wake':
      replica.awake = true
  }
}

const modes = fc.constantFrom<Mode>('strict', 'grace', 'latest')

// Another seed looks at other worlds: the same ones each time, so that what fails here has been changed.
const SEED = 20_261_129

function endsWell(mode: Mode, says: boolean, skews: readonly number[], ops: readonly Op[]): void {
  const world = new World(mode, says, skews)
  for (const op of ops) {
    play(world, op)
    expect(world.committed.length).toBe(world.grant.generation - 1)
  }
  const end = world.calm()
  expect(['serve', 'sign-in']).toContain(end)
  const faults = { strict: world.lostAnswers + world.lateSends, grace: world.lateSends, latest: 0 }
  if (faults[mode] === 0) {
    expect([end, world.upstream.revoked]).toEqual(['serve', false])
    // Also what has to be renewed next time, whoever holds the token that is good then.
    world.tick(LIFE)
    expect(world.calm()).toBe('serve')
    expect([world.refresh, world.grant.orphans]).toEqual([world.upstream.live, []])
    // What has worked needs nothing beside it.
    world.tick(LIFE)
    expect(world.calm()).toBe('serve')
    expect([world.refresh, keptBeside(world.grant)]).toEqual([world.upstream.live, []])
  }
  if (end === 'sign-in') expect(world.upstream.revoked).toBe(true)
}

describe('a grant among servers', () => {
  it('without faults costs one call for each time it is needed, whoever asks', () => {
    fc.assert(
      fc.property(modes, fc.array(common, { maxLength: 60, size: 'max' }), (mode, ops) => {
        const world = new World(mode)
        // Nobody who is at it lets so much time pass that others take it for dead.
        for (const op of ops) {
          play(world, op)
          if (op.do === 'tick')
            for (const replica of world.replicas) for (let i = 0; i < 4; i += 1) world.step(replica)
        }
        expect(world.calm()).toBe('serve')
        expect(world.upstream.revoked).toBe(false)
        expect(world.upstream.calls).toBe(world.committed.length)
        expect(world.refresh).toBe(world.upstream.live)
      }),
      { numRuns: 300, seed: SEED },
    )
  })

  it('ends up usable or waiting for its owner, and is lost only with an answer that was lost', () => {
    fc.assert(
      fc.property(
        modes,
        fc.boolean(),
        fc.array(fc.constantFrom(0, -600 * SECOND, 600 * SECOND), { minLength: 3, maxLength: 3 }),
        fc.array(fc.oneof({ weight: 3, arbitrary: common }, faults), { maxLength: 80, size: 'max' }),
        endsWell,
      ),
      { numRuns: 1_000, seed: SEED },
    )
  })

  // Found by other seeds. The provider's last answer to a token is lost, and an earlier one to the same token arrives.
  it.each<Op[]>([
    [
      { do: 'rivals', who: 1, sentFirst: false },
      { do: 'step', who: 1 },
      { do: 'rivals', who: 0, sentFirst: true },
      { do: 'kill', who: 0 },
    ],
    [
      { do: 'rivals', who: 0, sentFirst: false },
      { do: 'rivals', who: 1, sentFirst: false },
      { do: 'lose', who: 1 },
    ],
  ])('is found again by what was sent before where a provider takes nothing else any more', (...ops) => {
    endsWell('latest', false, [0, 0, 0], ops)
  })

  it('belongs to whoever signed in last, whatever still arrives of the login before', () => {
    const op = fc.oneof(
      { weight: 4, arbitrary: fc.oneof(common, faults) },
      fc.constant<Op>({ do: 'sign-in' }),
    )
    fc.assert(
      fc.property(modes, fc.array(op, { maxLength: 60, size: 'max' }), (mode, ops) => {
        const world = new World(mode)
        for (const one of ops) {
          play(world, one)
          expect(world.grant.login).toBe(`login-${world.logins}`)
        }
        world.signIn()
        const mine = world.refresh
        for (const replica of world.replicas) {
          replica.awake = true
          world.start(replica)
          for (let i = 0; i < 4; i += 1) world.step(replica)
        }
        expect(keptBeside(world.grant)).toEqual([])
        expect(world.refresh).toBe(mine)
        expect(world.ask(world.replicas[0] as Replica, { kind: 'use' })).toBe('serve')
      }),
      { numRuns: 500, seed: SEED },
    )
  })
})
