// For tests of the use-cases: real use-cases over the memory store, a real vault that counts what it opens, two
// organizations of people in memory, and a provider that answers what a test tells it to.

import { randomBytes } from 'node:crypto'
import type { OperationName, PublicOperationName } from '../../src/api/operations.ts'
import { type Input, type Request, SCHEMAS } from '../../src/api/schemas.ts'
import { createControl } from '../../src/control/control.ts'
import type { Grants } from '../../src/control/grants/grants.ts'
import { createRekeying } from '../../src/control/operating/rekeying.ts'
import { ALONE } from '../../src/control/operating/servers.ts'
import type { Control, Ports, PublicUseCase, Result, UseCase, Visitor } from '../../src/control/use-case.ts'
import type { AuditEntry } from '../../src/domain/audit/entry.ts'
import type { Caller } from '../../src/domain/caller.ts'
import type { CredentialType } from '../../src/domain/credential-types.ts'
import { ClavigerError } from '../../src/domain/errors.ts'
import { KEY_FACTS } from '../../src/domain/rekeying.ts'
import { RUN_TIMINGS } from '../../src/domain/runs/taking.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Probe, ProbeResult, Provider } from '../../src/providers/provider.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { CredentialRow, Store, StoreGroups } from '../../src/store/store.ts'
import { createVault, type EnvelopeVault } from '../../src/vault/envelope.ts'
import type { KeyRing, Vault } from '../../src/vault/vault.ts'
import { TIMINGS } from './grants.ts'
import { createPeople, type PersonName, type TestPeople } from './people.ts'
import { createPlatform, type PlatformOfTest } from './platform.ts'
import { fakeSignIn, type SignInOfTest } from './sign-in.ts'

export const LEASE_LIFE = 60_000
export const SESSION_LIFE = { whole: 30 * 86_400_000, idle: 7 * 86_400_000 }

/** What happened inside, in order. */
export type Step = 'committed' | 'opened'

export interface House {
  readonly control: Control
  readonly ports: Ports
  readonly people: TestPeople
  /** What the provider answers from now on, and when; `works`, at once, until told otherwise. */
  readonly provider: ProviderOfTest
  /** Where people ask for work: as `github`. */
  readonly platform: PlatformOfTest
  /** Whoever signs people in: for codex, then for claude. */
  readonly signIns: readonly SignInOfTest[]
  /** Commits and openings since the last call of `forget`. */
  readonly steps: Step[]
  /** Milliseconds since 1970; set it to travel. */
  readonly clock: { now: number }
  /** Makes every audit row of this outcome fail to be written. */
  auditFails(outcome: AuditEntry['outcome'] | 'none'): void
  caller(who: PersonName, changed?: Partial<Caller>): Caller
  /** Runs a use-case with the input a client would send. */
  ask<N extends OperationName>(who: PersonName | Caller, name: N, request: Request<N>): Promise<Result<N>>
  /** Runs a public use-case with the input a client would send, from this address, or from a browser there. */
  visit<N extends PublicOperationName>(
    name: N,
    request: Request<N>,
    from?: string | (Pick<Visitor, 'browser'> & Partial<Pick<Visitor, 'address'>>),
  ): Promise<Result<N>>
  /** Stores an API key of Claude and returns its id. */
  give(who: PersonName, owner: string, name: string, changed?: Partial<NewCredential>): Promise<string>
  /** All audit rows of this person's organization, in the order they were written. */
  audit(who?: PersonName): Promise<AuditEntry[]>
  opened(): number
}

interface ProviderOfTest {
  result: ProbeResult
  asked: number
  /** It answers when this has resolved. */
  answering: () => Promise<void>
}

export interface NewCredential {
  readonly type: CredentialType
  readonly fields: Record<string, string>
  readonly description: string
  readonly acceptNotice: boolean
}

/** For tests without logins: nothing is ever due. */
export const NO_GRANTS: Grants = {
  want: async () => ({ kind: 'later', until: 0, because: 'failing' }),
  mayBeDue: () => false,
  drain: async () => undefined,
  ended: async () => undefined,
}

/** A value nobody can take for a real key, different for each name. */
export function fakeKey(name: string): string {
  return `sk-ant-test-${name}-0123456789`
}

/** The error a call fails with; throws when it succeeds or fails with anything else. */
export async function errorOf(call: Promise<unknown>): Promise<ClavigerError> {
  const outcome = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (outcome instanceof ClavigerError) return outcome
  throw new Error(outcome === undefined ? 'it did not fail' : `it failed with ${String(outcome)}`)
}

/** Everything that is kept, as one text: to show that a refused call changed nothing. */
export async function contentsOf({ ports: { store } }: House): Promise<string> {
  const organizations = ['org-acme', 'org-globex']
  const all: unknown[] = []
  for (const organization of organizations) {
    const rows = await store.credentials.list(organization, {}, { limit: 1000 })
    const versions = await Promise.all(
      rows.map(async (row) => [
        await store.versions.list(row.id),
        await store.versions.values(row.id, row.version),
      ]),
    )
    all.push(rows, versions, await store.tokens.list(organization))
  }
  return JSON.stringify(all)
}

/** A new house; over a store that was used before it needs the same master key. */
export function createHouse(
  kept: Store = createMemoryStore(),
  masterKey: Uint8Array = randomBytes(32),
  grants: Grants = NO_GRANTS,
): House {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const provider: ProviderOfTest = { result: 'works', asked: 0, answering: async () => undefined }
  const steps: Step[] = []
  const failing: { outcome: AuditEntry['outcome'] | 'none' } = { outcome: 'none' }
  const written: string[] = [] // ids of audit rows
  const people = createPeople()
  const store = observed(kept, { steps, failing, written, people })
  const vault = createVault(masterKey)
  const platform = createPlatform()
  const signIns = [fakeSignIn('codex/oauth'), fakeSignIn('claude/oauth')]
  const operatorOrganization = 'org-acme'
  const now = () => clock.now
  // As a start of the server does; what is asked of the store comes after it.
  void kept.installation.put(KEY_FACTS.recorded, vault.keyId)
  const ports: Ports = {
    ...{ store, operatorOrganization, now },
    vault: counting(vault, steps),
    rekeying: rekeyingAlone({ store, vault, now, operatorOrganization }, masterKey),
    identity: people.identity,
    grants,
    signInOf: (type) => signIns.find(({ signsIn }) => signsIn === type),
    grantTimings: TIMINGS,
    providerOf: (type) => (type === 'raw' ? undefined : fakeProvider(type, provider)),
    random: randomBytes,
    webhooks: { check: () => undefined, send: async () => '200' },
    channels: { github: platform.channel },
    publicUrl: () => 'http://claviger.test',
    server: { version: '1.2.3', id: 'test:1', clockOffset: () => 0 },
    snapshot: async () => ({
      ...{ engine: 'sqlite', migrations: [], tables: [] },
      async *pages() {
        yield []
      },
      close: async () => undefined,
    }),
    leaseLife: LEASE_LIFE,
    sessionLife: SESSION_LIFE,
    runTimings: RUN_TIMINGS,
    poolOrder: 'fixed',
    identityProviders: [],
  }
  const control = createControl(ports)
  const caller: House['caller'] = (who, changed) => ({ ...people.callerOf(who), ...changed })
  const ask: House['ask'] = async (who, name, request) => {
    const input = SCHEMAS[name].input.parse(request) as Input<typeof name>
    const useCase = control[name] as UseCase<typeof name>
    return useCase(typeof who === 'string' ? caller(who) : who, input)
  }
  const visit: House['visit'] = async (name, request, from = '192.0.2.1') => {
    const visitor = { address: '192.0.2.1', ...(typeof from === 'string' ? { address: from } : from) }
    const input = SCHEMAS[name as OperationName].input.parse(request)
    const useCase = control[name] as PublicUseCase<OperationName>
    return useCase({ ...visitor, requestId: 'request-of-a-visitor' }, input as never) as never
  }
  return {
    ...{ control, ports, people, provider, platform, signIns, steps, clock, caller, ask, visit },
    auditFails: (outcome) => {
      failing.outcome = outcome
    },
    give: async (who, owner, name, changed = {}) => {
      const { type = 'claude/api-key', fields = { key: fakeKey(name) }, ...rest } = changed
      return (await ask(who, 'credentials.create', { type, owner, name, fields, ...rest })).id
    },
    audit: async (who = 'ada') => {
      const rows = await ports.store.audit.list(caller(who).organizationId, { limit: 1000 })
      return rows.sort((a, b) => written.indexOf(a.id) - written.indexOf(b.id))
    },
    opened: () => steps.filter((step) => step === 'opened').length,
  }
}

/** A row straight from the store; throws when there is none. */
export async function rowOf(
  { ports, caller }: House,
  id: string,
  who: PersonName = 'ada',
): Promise<CredentialRow> {
  const row = await ports.store.credentials.get(caller(who).organizationId, id)
  if (!row) throw new Error(`no credential ${id}`)
  return row
}

function counting(vault: Vault, steps: Step[]): Vault {
  return {
    ...vault,
    // Both change while the server is re-keyed.
    get keyId() {
      return vault.keyId
    },
    get keyIds() {
      return vault.keyIds
    },
    open: (...place) => {
      steps.push('opened')
      return vault.open(...place)
    },
  }
}

/** Re-keying of a server that is alone on its store, with its master keys in memory. */
export function rekeyingAlone(
  ports: { vault: EnvelopeVault } & Pick<Ports, 'store' | 'now' | 'operatorOrganization'>,
  masterKey: Uint8Array,
): Ports['rekeying'] {
  const keys = keysInMemory(ports.vault, masterKey)
  return createRekeying({ ...ports, keys, servers: ALONE, log: SILENT })
}

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

function keysInMemory(vault: EnvelopeVault, first: Uint8Array): KeyRing {
  let keys: [Uint8Array, ...Uint8Array[]] = [first]
  return {
    source: 'memory',
    ours: true,
    renew() {
      keys = [randomBytes(32), ...keys]
      vault.use(...keys)
    },
    // A server, too, opens with them for a while yet.
    forgetOlder: () => undefined,
  }
}

function observed(
  store: Store,
  {
    steps,
    failing,
    written,
    people,
  }: {
    steps: Step[]
    failing: { outcome: string }
    written: string[]
    people: Pick<TestPeople, 'mark'>
  },
): Store {
  const append: StoreGroups['audit']['append'] = async ({ id, outcome }) => {
    if (outcome === failing.outcome) throw new ClavigerError('storage_full', 'The audit has no room.')
    written.push(id)
  }
  return {
    ...store,
    audit: {
      ...store.audit,
      append: async (entry) => {
        await append(entry)
        await store.audit.append(entry)
      },
    },
    async atomically(work) {
      const result = await store.atomically(async (unit) => {
        // People are not in the store here: what a failed unit did to them is taken back by hand.
        const takeBack = people.mark()
        const audit: StoreGroups['audit'] = {
          ...unit.audit,
          append: async (entry) => {
            await append(entry)
            await unit.audit.append(entry)
          },
        }
        return work({ ...unit, audit }).catch((error: unknown) => {
          takeBack()
          throw error
        })
      })
      steps.push('committed')
      return result
    },
    async additively(work) {
      const result = await store.additively((unit) => {
        const audit: typeof unit.audit = {
          append: async (entry) => {
            await append(entry)
            await unit.audit.append(entry)
          },
        }
        return work({ ...unit, audit })
      })
      steps.push('committed')
      return result
    },
  }
}

function fakeProvider(type: CredentialType, answer: ProviderOfTest): Provider {
  return {
    name: 'anthropic',
    probes: [type],
    async probe(): Promise<Probe> {
      answer.asked += 1
      await answer.answering()
      return { result: answer.result, message: `The provider says: ${answer.result}.` }
    },
  }
}
