// Who a channel is over there: its platform says so, and it is noted, so that what it says itself asks for nothing, and people
// read a name.

import type { Channel, Means } from '../../channels/channel.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { inTime } from '../../lib/time/in-time.ts'
import type { ChannelRow } from '../../store/channels/channel-groups.ts'
import type { Ports } from '../use-case.ts'
import { platformOf } from './means.ts'

type AccountPorts = Pick<Ports, 'store' | 'channels'>

// Milliseconds. Whoever has just entered a channel waits for its name no longer than that.
const PATIENCE = 5_000

/** Asks the platform. Throws as `Channel.whoAmI`. */
export async function learnAccount(
  ports: AccountPorts,
  row: ChannelRow,
  means: Means,
): Promise<Awaited<ReturnType<Channel['whoAmI']>>> {
  const { accountId, name } = await platformOf(ports, row.kind).whoAmI(means)
  if (accountId !== row.accountId || name !== row.accountName)
    await ports.store.channels.update(row.id, row.revision, { accountId, accountName: name })
  return { accountId, name }
}

/**
 * The channel with its account, when the platform says it soon: what keeps it from that is no fault of what was stored, and is
 * said by a test of the channel.
 */
export async function withAccount(ports: AccountPorts, row: ChannelRow, means: Means): Promise<ChannelRow> {
  const late = () => new ClavigerError('unavailable', 'The platform takes its time.')
  try {
    const { accountId, name } = await inTime(learnAccount(ports, row, means), PATIENCE, late)
    return { ...row, accountId, accountName: name }
  } catch (thrown) {
    if (isOfPlatform(thrown)) return row
    throw thrown
  }
}

/** Whether it says in words for people why the platform does not do what it was asked for. */
export function isOfPlatform(thrown: unknown): thrown is ClavigerError {
  return thrown instanceof ClavigerError && ['invalid', 'unavailable', 'rejected'].includes(thrown.code)
}
