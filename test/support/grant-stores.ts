// For tests of grants between servers: every store as two servers have it, calls that a test holds, and servers that sleep.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { replaceLogin } from '../../src/control/grants/arriving.ts'
import { grantAct } from '../../src/control/grants/renewing/keeping.ts'
import { upkeep } from '../../src/control/grants/tools.ts'
import type { TokenSet } from '../../src/providers/provider.ts'
import type { Store } from '../../src/store/store.ts'
import { type GrantServer, type GrantWorld, grantWorld, TIMINGS } from './grants.ts'
import { profileStore } from './profile-store.ts'
import { useStorePairs } from './store-pairs.ts'

export const ORG = 'org-acme'
export const SHORT = { ...TIMINGS, dead: 200, journalGrace: 300, heartbeat: 50 }

export const ENGINES = ['memory', 'sqlite', 'postgres', 'profiles'] as const

type Engine = (typeof ENGINES)[number]

export interface TwoServers {
  readonly world: GrantWorld
  readonly a: GrantServer
  readonly b: GrantServer
}

/** Call it at the top of the file. What it returns makes two servers on one database of this engine. */
export function useTwoServers(): (engine: Engine) => Promise<TwoServers> {
  const pairs = useStorePairs()
  const cleanups: (() => unknown)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })
  const stores: Readonly<Record<Engine, () => Promise<[Store, Store]>>> = {
    ...pairs,
    profiles: async () => {
      const stateDirectory = mkdtempSync(join(tmpdir(), 'claviger-engine-'))
      cleanups.push(() => rmSync(stateDirectory, { recursive: true }))
      const one = () => profileStore({ stateDirectory, masterKey, now: () => Date.now() }).store
      return [one(), one()]
    },
  }
  const masterKey = randomBytes(32)
  return async (engine) => {
    const [first, second] = await stores[engine]()
    const world = grantWorld(first, masterKey)
    const other = { ...(second !== first && { store: second }), timings: SHORT }
    return { world, a: world.server('a', { timings: SHORT }), b: world.server('b', other) }
  }
}

/** A call that the provider carries out at once and answers when the test says so. */
export function heldCall({ provider }: GrantWorld): { answer: () => void } {
  const answered = Promise.withResolvers<void>()
  provider.instead.push(async (rotate) => {
    const said = rotate()
    await answered.promise
    return said
  })
  return { answer: answered.resolve }
}

/** A call that reaches the provider when the test says so: its server has slept before the first byte. */
export function lateCall({ provider }: GrantWorld, isAnswerLost = false): { send: () => void } {
  const sent = Promise.withResolvers<void>()
  provider.instead.push(async (rotate) => {
    await sent.promise
    const said = rotate()
    return isAnswerLost ? { kind: 'failed', doubtful: true, retryAfterMs: null, message: 'Lost.' } : said
  })
  return { send: sent.resolve }
}

/** A server that sleeps while it renews: nothing is heard of it. Its clock may be off, or it waits shorter for an answer. */
export function sleeperOf(
  { store, clock, server }: GrantWorld,
  skew = 0,
  { callTimeout } = SHORT,
): GrantServer {
  const silent = { ...store, attempts: { ...store.attempts, beat: async () => undefined } } as Store
  return server('sleeper', { store: silent, timings: { ...SHORT, callTimeout }, now: () => clock.now + skew })
}

/** Somebody signs in again, over the login that is there. */
export async function signInAgain(
  { store }: GrantWorld,
  { ports }: GrantServer,
  id: string,
  tokens: TokenSet,
) {
  const row = await store.credentials.get(ORG, id)
  if (row === undefined) throw new Error('It is gone.')
  await ports.guard.perform(upkeep(ports, ORG), async (unit, authorize) => {
    await authorize(grantAct('grant.test', row))
    await replaceLogin(ports, unit, row, tokens, { by: 'ada', note: 'again', otherAccount: false })
  })
}
