// Proof: what a machine's clock says is no matter of a renewal. Three servers on one Postgres, one of them ten minutes ahead
// and one ten behind. A round: a login that has ended, wanted of the one behind first; and one that has a quarter of an hour
// to go, wanted of the one ahead first.

import { setTimeout as sleep } from 'node:timers/promises'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { storeLogin } from '../../support/logins.ts'
import { startPostgres } from '../../support/postgres.ts'
import { createReplicas, MASTER_KEY, type Replica } from '../../support/replicas.ts'
import { withServerStore } from '../../support/server-store.ts'
import { count, type ProofOptions, type ProofResult } from '../proof.ts'
import { ask } from './ground.ts'

const MINUTE = 60_000
const OFFSETS = [-10 * MINUTE, 10 * MINUTE, 0]
// Every server has looked for what is due meanwhile.
const LOOKED_MS = 1_500

export async function prove({ rounds, log }: ProofOptions): Promise<ProofResult> {
  const failures: string[] = []
  const calls = { ended: 0, good: 0 }
  const sandbox = await startSandbox()
  const postgres = await startPostgres()
  const databaseUrl = await postgres.createDatabase()
  const replicas = createReplicas(databaseUrl)
  try {
    const servers: Replica[] = []
    for (const ahead of OFFSETS)
      servers.push(await replicas.start({ openaiIssuer: sandbox.issuerUrl }, ahead))
    const [behind] = servers
    if (behind === undefined) throw new Error('There are no servers.')
    const { organization } = await behind.client().call('whoami', {})
    const login = (endsIn: number) =>
      withServerStore(databaseUrl, (store) => {
        const masterKey = Buffer.from(MASTER_KEY, 'hex')
        return storeLogin({ store, masterKey, organizationId: organization.id }, sandbox, endsIn)
      })
    // Whoever is asked first is asked alone.
    const look = async (endsIn: number, order: readonly Replica[]) => {
      sandbox.oauth.resetCounters()
      const { id, login: of } = await login(endsIn)
      const given = new Set<string>()
      for (const server of order) given.add((await ask(server, server, id)).access)
      await sleep(LOOKED_MS)
      for (const server of order) given.add((await ask(server, server, id)).access)
      const latest = sandbox.oauth.logins().find((one) => one.id === of)?.accessToken
      return { given: [...given], latest, asked: sandbox.oauth.counters().tokenCalls }
    }
    for (let round = 1; round <= rounds; round += 1) {
      const ended = await look(-MINUTE, servers)
      calls.ended += ended.asked
      if (ended.asked !== 1 || ended.given.length !== 1 || ended.given[0] !== ended.latest)
        failures.push(
          `round ${round}: an ended login took ${ended.asked} calls, ${ended.given.length} tokens`,
        )
      const good = await look(15 * MINUTE, servers.toReversed())
      calls.good += good.asked
      if (good.asked !== 0 || good.given.length !== 1 || good.given[0] !== good.latest)
        failures.push(`round ${round}: a good login took ${good.asked} calls, ${good.given.length} tokens`)
      log(`clocks: round ${round} of ${rounds}`)
    }
  } finally {
    await replicas.close()
    await postgres.close()
    await sandbox.close()
  }
  return {
    what: 'Three servers whose clocks are ten minutes off, one ahead and one behind',
    rounds,
    figures: [
      count('calls of the provider for logins that had ended', calls.ended),
      count('calls for logins that were good for a quarter of an hour', calls.good),
    ],
    failures,
  }
}
