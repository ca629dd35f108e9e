// The secret of a webhook: sealed like a value of a credential, under a data key of its own that is bound to its address,
// and opened by the guard only.

import type { Secret } from '../../domain/secret.ts'
import { type WebhookRow, webhookPlace } from '../../store/outbox-group.ts'
import type { Vault } from '../../vault/vault.ts'
import { type Act, keyContext, type Sealed } from '../guard.ts'

const FIELD = 'secret'

/** What is stored of the secret. Call it in the unit that stores it (operating/rekeying.ts). */
export function sealSecret(
  vault: Vault,
  row: Pick<WebhookRow, 'id' | 'organizationId' | 'url'>,
  secret: Secret,
): Pick<WebhookRow, 'wrappedKey' | 'secret'> {
  const place = webhookPlace(row)
  const key = keyContext(place)
  const wrappedKey = vault.createKey(key)
  const value = { ...{ organizationId: row.organizationId, credentialId: row.id }, field: FIELD }
  const bound = { ...value, version: place.version, fields: [FIELD] }
  return { wrappedKey, secret: vault.seal(wrappedKey, key, bound, secret) }
}

/** For the guard, which opens it. */
export function sealedSecret(
  row: Pick<WebhookRow, 'id' | 'organizationId' | 'url' | 'wrappedKey' | 'secret'>,
): Sealed {
  const place = webhookPlace(row)
  return {
    row: { ...place, wrappedKey: row.wrappedKey },
    version: place.version,
    values: { [FIELD]: row.secret },
  }
}

/** A webhook in the audit: by its host, because the rest of an address may let somebody in. */
export function webhookObject({ id, url }: Pick<WebhookRow, 'id' | 'url'>): Act['object'] {
  return { kind: 'webhook', id, name: new URL(url).host }
}
