// The tables of how people get in, as Kysely sees them; part of ../../schema.ts.

import type { Role } from '../../../../domain/caller.ts'
import type { DeviceLoginRow, InvitationRow, SessionRow } from '../../../people-groups.ts'

// `invitation` is the name of a table of better-auth.
interface InvitationTable {
  id: string
  organization_id: string
  kind: InvitationRow['kind']
  digest: string
  email: string
  role: Role
  /** JSON list of slugs. */
  teams: string
  person_id: string | null
  created_by: string
  created_at: number
  expires_at: number
  used_at: number | null
  revoked_at: number | null
}

interface DeviceLoginTable {
  id: string
  digest: string
  user_code: string
  client_name: string
  address: string
  wanted: string | null
  created_at: number
  expires_at: number
  state: DeviceLoginRow['state']
  organization_id: string | null
  person_id: string | null
  role: Role | null
  decided_at: number | null
}

interface BrowserSessionTable {
  id: string
  digest: string
  person_id: string
  organization_id: string
  method: SessionRow['method']
  user_agent: string
  address: string
  created_at: number
  last_seen_at: number
  expires_at: number
}

interface SecondFactorTable {
  id: string
  person_id: string
  wrapped_key: Uint8Array
  secret: Uint8Array
  /** JSON list of digests. */
  recovery: string
  last_step: number
  created_at: number
  enabled_at: number | null
}

interface OutsideTripTable {
  id: string
  digest: string
  browser_digest: string
  provider: string
  /** JSON; null: somebody signs in. */
  linking: string | null
  return_to: string
  created_at: number
  expires_at: number
}

export interface PeopleTables {
  invitation_code: InvitationTable
  device_login: DeviceLoginTable
  browser_session: BrowserSessionTable
  second_factor: SecondFactorTable
  outside_trip: OutsideTripTable
}
