// The groups of channels over SQL.

import type { Kysely } from 'kysely'
import type { ChannelGroups } from '../../../channels/channel-groups.ts'
import type { Execute } from '../../prepared.ts'
import type { Database } from '../../schema.ts'
import { callGroup } from './calls.ts'
import { channelGroup } from './configurations.ts'
import { threadGroup } from './threads.ts'

/** The result makes the groups for a connection. */
export function channelGroups(database: Kysely<Database>): (execute: Execute) => ChannelGroups {
  const [channels, calls, threads] = [channelGroup(database), callGroup(database), threadGroup(database)]
  return (execute) => ({
    channels: channels(execute),
    calls: calls(execute),
    threads: threads(execute),
  })
}
