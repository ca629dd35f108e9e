// For tests of leases of a sign-in: a house whose organization has one, kept by the engine of grants over a provider that
// rotates.

import { createAuthenticator } from '../../src/control/authenticate.ts'
import { type CodexEndpoint, createCodexEndpoint } from '../../src/control/codex/endpoint.ts'
import { createControl } from '../../src/control/control.ts'
import { insertLogin, replaceLogin, rowOf } from '../../src/control/grants/arriving.ts'
import { createBreakers } from '../../src/control/grants/breakers.ts'
import { createGrants } from '../../src/control/grants/engine.ts'
import type { GrantPorts } from '../../src/control/grants/tools.ts'
import { createGuard } from '../../src/control/guard.ts'
import type { Control, Ports, Result, UseCase } from '../../src/control/use-case.ts'
import { formatRefreshHandle } from '../../src/domain/token.ts'
import { newId } from '../../src/lib/id.ts'
import { journalInMemory, type Rotating, rotating, TIMINGS, tokenSet } from './grants.ts'
import { createHouse, type House } from './house.ts'
import type { PersonName } from './people.ts'

const HOUR = 3_600_000

export interface TakenLease {
  readonly id: string
  readonly lease: Result<'leases.create'>
  /** What Codex would hold in the place of a refresh token. */
  readonly held: string
}

export interface HouseWithLogin {
  readonly house: House
  readonly codex: CodexEndpoint
  readonly provider: Rotating
  /** The id of the sign-in, which ends in an hour. */
  readonly credential: string
  lease(who: PersonName, more?: { credential?: string }): Promise<TakenLease>
  /** Somebody signs in again, over it. */
  signInAgain(account: string): Promise<void>
}

export async function houseWithLogin(): Promise<HouseWithLogin> {
  const plain = createHouse()
  const now = () => plain.clock.now
  const provider = rotating(now)
  const { store, vault, server } = plain.ports
  const grantPorts: GrantPorts = {
    ...{ store, vault, now, server, journal: journalInMemory(), replica: 'r1' },
    ...{ formerly: [], timings: TIMINGS },
    guard: createGuard({ store, vault, now }),
    renewerOf: (type) => (type === 'codex/oauth' ? provider : undefined),
    elapsed: () => performance.now(),
    breakers: createBreakers(() => performance.now()),
    chance: () => 0.5,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    persistently: (work) => work(),
    tell: async () => undefined,
  }
  const ports: Ports = { ...plain.ports, grants: createGrants(grantPorts) }
  const control: Control = createControl(ports)
  const ask: House['ask'] = (who, name, request) =>
    (control[name] as UseCase<typeof name>)(typeof who === 'string' ? plain.caller(who) : who, {
      raw: false,
      ...request,
    } as never)
  const house: House = { ...plain, ports, control, ask }
  const place = { organizationId: 'org-acme', id: newId('cred'), owner: { kind: 'org' } as const }
  const first = tokenSet('at-test-first', provider.live, provider.account, now() + HOUR)
  const row = rowOf(
    grantPorts,
    { ...place, name: 'chatgpt', type: 'codex/oauth', description: '' },
    first,
    'ada',
  )
  await store.atomically((unit) =>
    insertLogin(grantPorts, unit, row, first, { by: 'ada', note: 'signed in' }),
  )
  return {
    ...{ house, provider, credential: row.id },
    codex: createCodexEndpoint(ports, createAuthenticator(ports)),
    async lease(who, more = {}) {
      const lease = await ask(who, 'leases.create', { harness: 'codex', ...more })
      const { generation = 0, fields = {} } = lease.credential ?? {}
      const account = fields['accountId']?.expose() ?? ''
      return { id: lease.id, lease, held: formatRefreshHandle(lease.handle.expose(), generation, account) }
    },
    async signInAgain(account) {
      provider.live = 'rt-test-again'
      provider.account = account
      const tokens = tokenSet('at-test-again', provider.live, account, now() + HOUR)
      const bringing = { by: 'ada', note: 'signed in', otherAccount: true }
      await store.atomically(async (unit) => {
        const there = await unit.credentials.get('org-acme', row.id)
        if (there) await replaceLogin(grantPorts, unit, there, tokens, bringing)
      })
    },
  }
}
