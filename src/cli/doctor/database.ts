// Whether the server has noticed that its database was put back to an older copy.

import { ClavigerError } from '../../domain/errors.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import type { Finding } from './finding.ts'

const HINT =
  'Sign in again with what was set aside, enter again what was lost, revoke what was revoked; then type: claviger audit acknowledge'

/** Nothing when all is well, or when this terminal may not know; that the server does not answer is said elsewhere. */
export async function checkDatabase(context: Context): Promise<Finding[]> {
  try {
    const { client } = await connect(context)
    const { warnings } = await client.call('audit.warnings', {})
    return warnings.map(({ message }) => ({ level: 'warn', what: 'database', said: message, hint: HINT }))
  } catch (thrown) {
    if (thrown instanceof ClavigerError) return []
    throw thrown
  }
}
