// Which installation this is, told to everybody who asks, so that nobody gives a key to another one. A mistake is noticed by
// it; who lies is not: TLS and ssh are for that (decision 0024).

import { sha256 } from '../../lib/digest.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'

/**
 * Name of the fact about an installation that its fingerprint is made of. It goes along to another database, and does not
 * come back from a backup.
 */
export const IDENTITY_FACT = 'installation-identity'

const BYTES = 32

// In groups that can be compared by eye; 128 bits.
const GROUPS = /.{4}/g
const SHOWN = 32

export function describingUseCases(workshop: Workshop): Pick<Control, 'server.describe'> {
  const { server, identity, operatorOrganization, publicUrl, now } = workshop
  return {
    async 'server.describe'() {
      const [organization, fingerprint] = await Promise.all([
        identity.organization(operatorOrganization),
        fingerprintOf(workshop),
      ])
      return {
        ...{ product: 'claviger' as const, version: server.version, time: rfc3339(now()), fingerprint },
        organization: organization?.name ?? '',
        publicUrl: publicUrl(),
      }
    },
  }
}

// All servers of one database have one, made by whichever is asked first.
async function fingerprintOf({ store, random }: Pick<Workshop, 'store' | 'random'>): Promise<string> {
  const known = await store.installation.get(IDENTITY_FACT)
  const made = () => Buffer.from(random(BYTES)).toString('base64url')
  const id = known ?? (await store.installation.putIfAbsent(IDENTITY_FACT, made()))
  const digest = sha256(`claviger installation v1 ${id}`).slice(0, SHOWN)
  return (digest.match(GROUPS) ?? []).join('-')
}
