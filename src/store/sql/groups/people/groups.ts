// All groups about people at once.

import type { Kysely } from 'kysely'
import type { PeopleGroups } from '../../../people-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'
import { deviceLoginGroup } from './device-logins.ts'
import { holdingGroup } from './holdings.ts'
import { invitationGroup } from './invitations.ts'
import { outsideTripGroup } from './outside-trips.ts'
import { secondFactorGroup } from './second-factors.ts'
import { sessionGroup } from './sessions.ts'

/** The result makes the groups for a connection. */
export function peopleGroups(database: Kysely<Database>): (execute: Execute) => PeopleGroups {
  const holdings = holdingGroup(database)
  const invitations = invitationGroup(database)
  const deviceLogins = deviceLoginGroup(database)
  const sessions = sessionGroup(database)
  const secondFactors = secondFactorGroup(database)
  const outsideTrips = outsideTripGroup(database)
  return (execute) => ({
    holdings: holdings(execute),
    invitations: invitations(execute),
    deviceLogins: deviceLogins(execute),
    sessions: sessions(execute),
    secondFactors: secondFactors(execute),
    outsideTrips: outsideTrips(execute),
  })
}
