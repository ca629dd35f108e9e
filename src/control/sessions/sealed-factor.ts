// What an authenticator app has: sealed like a value of a credential, under a data key of its own that is bound to its
// person, and opened by the guard only.

import type { Secret } from '../../domain/secret.ts'
import { type SecondFactorRow, secondFactorPlace } from '../../store/people-groups.ts'
import type { Vault } from '../../vault/vault.ts'
import { keyContext, type Sealed } from '../guard.ts'

/** The name it has among what the guard has opened. */
export const FACTOR_FIELD = 'secret'

/** What is stored of it. Call it in the unit that stores it (operating/rekeying.ts). */
export function sealFactor(
  vault: Vault,
  row: Pick<SecondFactorRow, 'id' | 'personId'>,
  secret: Secret,
): Pick<SecondFactorRow, 'wrappedKey' | 'secret'> {
  const place = secondFactorPlace(row)
  const key = keyContext(place)
  const wrappedKey = vault.createKey(key)
  const bound = {
    ...{ organizationId: place.organizationId, credentialId: row.id, field: FACTOR_FIELD },
    ...{ version: place.version, fields: [FACTOR_FIELD] },
  }
  return { wrappedKey, secret: vault.seal(wrappedKey, key, bound, secret) }
}

/** For the guard, which opens it. */
export function sealedFactor(
  row: Pick<SecondFactorRow, 'id' | 'personId' | 'wrappedKey' | 'secret'>,
): Sealed {
  const place = secondFactorPlace(row)
  return {
    row: { ...place, wrappedKey: row.wrappedKey },
    version: place.version,
    values: { [FACTOR_FIELD]: row.secret },
  }
}
