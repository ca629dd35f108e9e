// The runner's LeaseSource over the client.

import type { Output } from '../api/schemas.ts'
import type { Client } from '../client/client.ts'
import { leaseNews } from '../client/lease-news.ts'
import { ClavigerError } from '../domain/errors.ts'
import { Secret } from '../domain/secret.ts'
import type { AcquiredLease, LeasedCredential, LeaseSource } from './lease-source.ts'

type Leased = NonNullable<Output<'leases.create'>['credential']>

export function leasesOf(client: Client): LeaseSource {
  return {
    async acquire(request) {
      return acquired(client.server, await client.call('leases.create', request))
    },
    live: {
      follow: ({ serverUrl: server, handle: token, leaseId }, generation, signal) =>
        leaseNews({ server, token, leaseId, generation }, signal),
      async read(leaseId) {
        const { credential } = await client.call('leases.read', { id: leaseId })
        return credential === null ? null : leased(credential)
      },
    },
    async lastRenewal(id, signal) {
      const { renewals } = await client.call('credentials.renewals', { id, limit: 1 }, signal)
      const [last] = renewals
      if (last === undefined || last.why === 'sign-in') return null
      return { outcome: last.outcome, at: last.endedAt ?? last.at }
    },
    async release(leaseId) {
      try {
        await client.call('leases.end', { id: leaseId })
      } catch (thrown) {
        // Already over, or gone with its credential: that is what was wanted.
        if (!(thrown instanceof ClavigerError) || thrown.code !== 'not_found') throw thrown
      }
    },
  }
}

/** A new lease as the runner knows it. */
export function acquired(
  serverUrl: string,
  { id, handle, expiresAt, credential, raw, reason }: Output<'leases.create'>,
): AcquiredLease {
  return {
    leaseId: id,
    handle: new Secret(handle),
    serverUrl,
    expiresAt: Date.parse(expiresAt),
    credential: credential === null ? null : leased(credential),
    raw: raw.map(({ name, owner, value }) => ({ name, owner: title(owner), value: new Secret(value) })),
    reason,
  }
}

function leased({ fields, owner, ...rest }: Leased): LeasedCredential {
  return { ...rest, owner: title(owner), fields: hidden(fields) }
}

// A person's credential is only ever leased to that person.
function title(owner: string): string {
  return owner.startsWith('user:') ? 'personal' : owner
}

function hidden(fields: Readonly<Record<string, string>>): Record<string, Secret> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, new Secret(value)]))
}
