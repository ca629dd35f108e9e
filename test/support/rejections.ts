// For tests of what becomes of a lease whose credential was refused.

import { randomBytes } from 'node:crypto'
import type { Result } from '../../src/control/use-case.ts'
import { type GrantWorld, grantWorld } from './grants.ts'
import { createHouse, type House } from './house.ts'

export type Lease = Result<'leases.create'>

/** A house whose logins are really kept alive, by a provider that rotates. */
export function houseWithLogins(): { house: House; world: GrantWorld } {
  const masterKey = randomBytes(32)
  const world = grantWorld(undefined, masterKey)
  const house = createHouse(world.store, masterKey, world.server('one').grants)
  // One time for both.
  Object.defineProperty(house.clock, 'now', {
    get: () => world.clock.now,
    set: (now: number) => {
      world.clock.now = now
    },
  })
  return { house, world }
}

export const codexKey = (name: string) => ({
  type: 'codex/api-key' as const,
  fields: { key: `sk-test-${name}-0123456789` },
})

export function reject(
  house: House,
  lease: Pick<Lease, 'id' | 'credential'>,
  more: object = { status: 401 },
) {
  return house.ask('bob', 'leases.reject', {
    id: lease.id,
    generation: lease.credential?.generation ?? 0,
    ...more,
  })
}

/** What was written down of leases, grants and states, in order. */
export async function steps(house: House): Promise<string[]> {
  const shown = ['lease.', 'grant.', 'credential.state']
  const rows = await house.ports.store.audit.list('org-acme', { limit: 1000 })
  return rows
    .filter(({ action }) => shown.some((one) => action.startsWith(one)))
    .map(({ action, objectName, details }) =>
      [action, objectName, details['verdict'] ?? details['to'] ?? ''].join(' ').trim(),
    )
}
