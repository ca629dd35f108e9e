// The secrets of a channel: sealed like values of a credential, under a data key of their own, and opened by the guard only.

import type { Secret } from '../../domain/secret.ts'
import { type ChannelRow, channelPlace } from '../../store/channels/channel-groups.ts'
import type { Vault } from '../../vault/vault.ts'
import { type Act, keyContext, type Sealed } from '../guard.ts'

type Place = Pick<ChannelRow, 'id' | 'organizationId' | 'kind'>

/** What is stored of all secrets of a channel. Call it in the unit that stores it (operating/rekeying.ts). */
export function sealSecrets(
  vault: Vault,
  row: Place,
  secrets: Readonly<Record<string, Secret>>,
): Pick<ChannelRow, 'wrappedKey' | 'secrets'> {
  const place = channelPlace(row)
  const key = keyContext(place)
  const wrappedKey = vault.createKey(key)
  const fields = Object.keys(secrets).sort()
  const bound = { organizationId: row.organizationId, credentialId: row.id, version: place.version, fields }
  const sealed = Object.entries(secrets).map(([field, secret]) => [
    field,
    vault.seal(wrappedKey, key, { ...bound, field }, secret),
  ])
  return { wrappedKey, secrets: Object.fromEntries(sealed) }
}

/** For the guard, which opens them; only these, when some are named. */
export function sealedSecrets(
  row: Place & Pick<ChannelRow, 'wrappedKey' | 'secrets'>,
  only?: readonly string[],
): Sealed {
  const place = channelPlace(row)
  return {
    row: { ...place, wrappedKey: row.wrappedKey },
    version: place.version,
    values: row.secrets,
    ...(only !== undefined && { only }),
  }
}

export function channelObject({ id, name }: Pick<ChannelRow, 'id' | 'name'>): Act['object'] {
  return { kind: 'channel', id, name }
}
