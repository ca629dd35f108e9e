// For tests of grants: the engine over a store, a journal in memory, a provider of our own that rotates, and time that a
// test can move.

import { randomBytes } from 'node:crypto'
import { insertLogin, type NewPlace, rowOf } from '../../src/control/grants/arriving.ts'
import { createBreakers } from '../../src/control/grants/breakers.ts'
import { createGrants, type Engine } from '../../src/control/grants/engine.ts'
import type { JournaledAnswer, Reached, RenewalJournal } from '../../src/control/grants/renewing/journal.ts'
import { grantAct } from '../../src/control/grants/renewing/keeping.ts'
import type { EngineTimings, GrantPorts, Notice } from '../../src/control/grants/tools.ts'
import { upkeep } from '../../src/control/grants/tools.ts'
import { createGuard } from '../../src/control/guard.ts'
import type { CredentialType } from '../../src/domain/credential-types.ts'
import { Secret } from '../../src/domain/secret.ts'
import { checkFields } from '../../src/domain/values.ts'
import { sha256 } from '../../src/lib/digest.ts'
import { newId } from '../../src/lib/id.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Renewal, Renewer, TokenSet } from '../../src/providers/provider.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store, StoreGroups } from '../../src/store/store.ts'
import { createVault, type EnvelopeVault } from '../../src/vault/envelope.ts'

export const HOUR = 3_600_000

export const TIMINGS: EngineTimings = {
  ...{ margin: 300_000, dead: 4_000, journalGrace: 60_000, cap: 180_000, warm: 8 * 24 * HOUR },
  ...{ forcedEvery: 300_000, callTimeout: 15_000, lease: 45_000, heartbeat: 1_000 },
}

/** A provider that rotates: each refresh token is good once. */
export interface Rotating extends Renewer {
  calls: number
  /** The refresh token that is good now. */
  live: string
  /** What the next calls come to instead, in turn. */
  readonly instead: ((rotate: () => Renewal) => Promise<Renewal> | Renewal)[]
  account: string
  /** Takes the last token that was used once more, and brings others; those it brought before are dead. */
  forgives: boolean
  /** Tells by its own clock when it issued tokens. */
  says: boolean
  /** The refresh tokens that it was told are over. */
  readonly revoked: string[]
}

export function rotating(now: () => number, life = HOUR): Rotating {
  let serial = 0
  let parent = ''
  const mint = (used: string) => {
    serial += 1
    parent = used
    provider.live = `rt-test-${serial}`
    const { account, says } = provider
    const tokens = { access: `at-test-${serial}`, refresh: provider.live, account }
    return JSON.stringify({ ...tokens, ...(says && { mintedAt: now() }) })
  }
  const provider: Rotating = {
    ...{ calls: 0, live: '', instead: [], account: 'acct-1', renews: ['codex/oauth', 'claude/oauth'] },
    ...{ forgives: false, says: false, revoked: [] },
    async renew(_, fields) {
      provider.calls += 1
      const rotate = (): Renewal => {
        const used = fields['refresh']?.expose() ?? ''
        const isGood = used === provider.live || (provider.forgives && used === parent)
        if (!isGood) return { kind: 'refused', reason: 'reused' }
        return { kind: 'answered', raw: new Secret(mint(used)) }
      }
      return (await provider.instead.shift()?.(rotate)) ?? rotate()
    },
    tokensIn: (type, raw) => {
      const { access, refresh, account, mintedAt } = JSON.parse(raw.expose())
      return { ...tokenSet(access, refresh, account, now() + life, type), ...(mintedAt && { mintedAt }) }
    },
    async revoke(_, fields) {
      provider.revoked.push(fields['refresh']?.expose() ?? '')
      return true
    },
  }
  provider.live = 'rt-test-0'
  return provider
}

export function tokenSet(
  access: string,
  refresh: string,
  account: string,
  expiresAt: number,
  type: CredentialType = 'codex/oauth',
): TokenSet {
  const own = type === 'claude/oauth' ? { scopes: 'user:inference' } : { id: 'e30.e30.sig' }
  const fields = { ...own, access, refresh, accountId: account }
  return {
    content: checkFields(type, 'login', fields),
    ...{ renewable: true, digest: sha256(refresh), expiresAt, endsAt: null },
    account: { id: account, email: 'ada@example.com', plan: 'pro' },
  }
}

export interface JournalOfTest extends RenewalJournal {
  readonly lines: Map<string, JournaledAnswer>
}

export function journalInMemory(): JournalOfTest {
  const lines = new Map<string, JournaledAnswer>()
  const reached = new Map<string, Reached>()
  return {
    lines,
    append: async (answer) => {
      lines.set(answer.attempt, answer)
    },
    has: (attempt) => lines.has(attempt),
    answers: () => [...lines.values()],
    settled: () => undefined,
    reached: async (place) => {
      reached.set(place.credentialId, place)
    },
    furthest: () => [...reached.values()],
    forget: (credentialId) => {
      reached.delete(credentialId)
    },
  }
}

export interface GrantWorld {
  readonly store: Store
  readonly vault: EnvelopeVault
  /** By the database; set it to travel. */
  readonly clock: { now: number }
  readonly provider: Rotating
  /** One more server on the same store. */
  server(replica: string, changed?: Partial<GrantPorts>): GrantServer
  /** Stores a login that ends in so many milliseconds and returns the id of its credential. */
  signIn(endsIn?: number, type?: CredentialType): Promise<string>
}

export interface GrantServer {
  readonly grants: Engine
  readonly ports: GrantPorts
  readonly journal: JournalOfTest
  readonly told: Notice[]
}

// What a unit says is heard when it is stored: one that is decided again says it anew.
function hearing(store: Store): Pick<GrantServer, 'told'> & Pick<GrantPorts, 'tell'> & { telling: Store } {
  const told: Notice[] = []
  const said = new WeakMap<StoreGroups, Notice[]>()
  const atomically: Store['atomically'] = async (work) => {
    let last: Notice[] = []
    const value = await store.atomically((unit) => {
      last = []
      said.set(unit, last)
      return work(unit)
    })
    told.push(...last)
    return value
  }
  const tell: GrantPorts['tell'] = async (unit, notice) => {
    const last = said.get(unit)
    if (last === undefined) throw new Error('It was told outside of its unit.')
    last.push(notice)
  }
  return { told, tell, telling: { ...store, atomically } }
}

export function grantWorld(
  store: Store = createMemoryStore(),
  masterKey: Uint8Array = randomBytes(32),
): GrantWorld {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const now = () => clock.now
  const vault = createVault(masterKey)
  const provider = rotating(now)
  const server: GrantWorld['server'] = (replica, changed = {}) => {
    const journal = journalInMemory()
    const { told, tell, telling } = hearing(store)
    const ports: GrantPorts = {
      ...{ store, vault, now, journal, replica, formerly: [], timings: TIMINGS },
      server: { version: '1.2.3', id: replica, clockOffset: () => 0 },
      guard: createGuard({ store: telling, vault, now }),
      renewerOf: (type) => (provider.renews.includes(type) ? provider : undefined),
      elapsed: () => performance.now(),
      breakers: createBreakers(() => performance.now()),
      chance: () => 0.5,
      log: silent(),
      persistently: (work) => work(),
      tell,
      ...changed,
    }
    return { grants: createGrants(ports), ports, journal, told }
  }
  const first = server('signing-in')
  return {
    ...{ store, vault, clock, provider, server },
    async signIn(endsIn = HOUR, type = 'codex/oauth') {
      // An hour ago: one that lives shorter is renewed later.
      clock.now -= HOUR
      const endsAt = clock.now + HOUR + endsIn
      const tokens = tokenSet('at-test-first', provider.live, provider.account, endsAt, type)
      const place: NewPlace = {
        ...{ organizationId: 'org-acme', id: newId('cred'), owner: { kind: 'org' }, name: newId('chatgpt') },
        ...{ type, description: '' },
      }
      const row = rowOf(first.ports, place, tokens, 'ada')
      await first.ports.guard.perform(upkeep(first.ports, 'org-acme'), async (unit, authorize) => {
        await authorize(grantAct('grant.test', row))
        await insertLogin(first.ports, unit, row, tokens, { by: 'ada', note: 'signed in' })
      })
      clock.now += HOUR
      return row.id
    },
  }
}

function silent(): Log {
  const nothing = () => undefined
  return { debug: nothing, info: nothing, warn: nothing, error: nothing } as unknown as Log
}
