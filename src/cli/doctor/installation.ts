// What the server says of the installation, for those who operate it; nothing for everybody else.

import type { Client } from '../../client/client.ts'
import { counted } from '../../domain/counted.ts'
import { type Finding, ok } from './finding.ts'

/** Its database, and everything it warns of; none when the caller may not ask, or the server cannot say. */
export async function checkInstallation(client: Client): Promise<Finding[]> {
  const status = await client.call('status.get', {}).catch(() => null)
  if (status === null) return []
  const { kind, version, address, migrations } = status.database
  const total = Object.values(status.counts.credentials).reduce((sum, count) => sum + count, 0)
  const said = `${kind} ${version} at ${address}, ${migrations.length} migrations, ${counted(total, 'credential')}`
  const warnings = status.warnings.map(
    ({ code, message, hint }): Finding => ({ level: 'warn', what: code, said: message, hint }),
  )
  return [ok('database', said), ...warnings]
}
