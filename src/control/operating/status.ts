// The state of the installation for who operates it: figures and warnings, nothing that belongs to an organization.

import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import { warningsOf } from './warnings.ts'

export function statusUseCases(workshop: Workshop): Pick<Control, 'status.get'> {
  const { store, server, vault, now } = workshop
  return {
    async 'status.get'() {
      const [{ engine, version, address, migrations }, credentials, leases, tokens, warnings] =
        await Promise.all([
          store.describe(),
          store.counts.credentials(),
          store.counts.runningLeases(now()),
          store.counts.liveTokens(now()),
          warningsOf(workshop),
        ])
      return {
        version: server.version,
        server: server.id,
        database: { kind: engine, version, address, migrations: [...migrations] },
        clockOffsetSeconds: server.clockOffset() / 1000,
        masterKeyId: vault.keyId,
        counts: { credentials, runningLeases: leases, liveTokens: tokens },
        warnings,
      }
    },
  }
}
