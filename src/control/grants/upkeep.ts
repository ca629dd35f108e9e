// What goes on around the grants of a server: its journal is drained when it starts and whenever it finds its database
// again, what is due is renewed before anybody has to wait for it, and what is left of old logins is revoked.

import { repeat } from '../../lib/time/repeat.ts'
import { createGrants } from './engine.ts'
import type { Grants } from './grants.ts'
import { revokeLeftovers } from './renewing/revoking.ts'
import type { GrantPorts } from './tools.ts'

// Milliseconds.
const SWEEP_EVERY = 1_000
const REVOKE_EVERY = 60_000
const FORGET_EVERY = 3_600_000
const FORGET_AFTER = 7 * 24 * 3_600_000

const AT_ONCE = 16

export interface KeptGrants {
  readonly grants: Grants
  stop(): Promise<void>
}

/** Starts it; throws when what is in the journal cannot be stored. */
export async function keepGrants(ports: GrantPorts): Promise<KeptGrants> {
  const { store, log } = ports
  const grants = createGrants(ports)
  await grants.takeOver()
  await grants.drain()
  const failed = (what: string) => (thrown: unknown) => log.warn({ detail: String(thrown) }, what)
  const drainFailed = failed('the journal of renewals was not drained')
  const deaf = store.signals.listen((heard) => {
    // Whatever the database has lost meanwhile, the journal has kept.
    if (heard === 'missed') void grants.drain().catch(drainFailed)
  })
  const sweeping = repeat(SWEEP_EVERY, sweeper(ports, grants), failed('logins were not looked after'))
  const revoking = repeat(
    REVOKE_EVERY,
    () => revokeLeftovers(ports),
    failed('what is left of old logins was not revoked'),
  )
  const forgetting = repeat(
    FORGET_EVERY,
    async () => void (await store.attempts.prune(ports.now() - FORGET_AFTER)),
    failed('records of old renewals were not removed'),
  )
  return {
    grants,
    async stop() {
      deaf()
      await forgetting.stop()
      await revoking.stop()
      await sweeping.stop()
      await grants.end()
    },
  }
}

// Nobody waits for the end of a look: one may have to wait for another server.
function sweeper({ store, now, log }: GrantPorts, grants: Grants): () => Promise<void> {
  const looking = new Set<string>()
  return async () => {
    if (looking.size >= AT_ONCE) return
    for (const { credentialId } of await store.grants.due(now(), 4 * AT_ONCE)) {
      if (looking.has(credentialId) || looking.size >= AT_ONCE) continue
      looking.add(credentialId)
      const look = async () => {
        try {
          await grants.want(credentialId, { kind: 'ahead' })
        } catch (error) {
          log.warn({ detail: String(error) }, 'a login was not looked after')
        } finally {
          looking.delete(credentialId)
        }
      }
      void look()
    }
  }
}
