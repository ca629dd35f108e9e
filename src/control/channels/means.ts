// How a channel calls out: its secrets, opened by the guard for one purpose that its audit entry names.

import type { Channel, Means } from '../../channels/channel.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { ChannelRow } from '../../store/channels/channel-groups.ts'
import { upkeep } from '../grants/tools.ts'
import type { Act, Guard } from '../guard.ts'
import type { Ports } from '../use-case.ts'
import { channelObject, sealedSecrets } from './sealed-channel.ts'

export interface MeansPorts extends Pick<Ports, 'store' | 'now' | 'server' | 'channels'> {
  readonly guard: Guard
}

/** What the server does by itself with a channel. */
export function ownAct(
  row: Pick<ChannelRow, 'id' | 'name'>,
  action: string,
  details: Act['details'] = {},
): Act {
  return { action, needs: { upkeep: true }, object: channelObject(row), details }
}

/** Opens the secrets of a channel for what the server does by itself; only these, when some are named. */
export async function meansFor(
  { guard, now, server }: MeansPorts,
  row: ChannelRow,
  act: Act,
  only?: readonly string[],
): Promise<Means> {
  const { opened } = await guard.release(upkeep({ server }, row.organizationId), async (_unit, authorize) => {
    await authorize(act)
    return { result: null, open: [sealedSecrets(row, only)] }
  })
  return { settings: row.settings, secrets: opened[0] ?? {}, now: now() }
}

/** What talks to the platform; throws `unavailable` when this server has nothing that does. */
export function platformOf({ channels }: Pick<Ports, 'channels'>, kind: ChannelRow['kind']): Channel {
  const platform = channels[kind]
  if (platform !== undefined) return platform
  throw new ClavigerError('unavailable', `This server has no channel to ${kind}.`)
}
