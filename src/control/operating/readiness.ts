// Whether this server can do its work now: its database answers and takes writes, and is sealed with the key it has.

import { ClavigerError } from '../../domain/errors.ts'
import { KEY_FACTS } from '../../domain/rekeying.ts'
import { inTime } from '../../lib/time/in-time.ts'
import type { Ports } from '../use-case.ts'

const LIMIT_MS = 2_900

/** Throws `unavailable` when it cannot; answers within three seconds. */
export async function mustBeReady({ store, vault }: Pick<Ports, 'store' | 'vault'>): Promise<void> {
  const asked = async () => {
    await store.check()
    return store.installation.get(KEY_FACTS.recorded)
  }
  const keyId = await inTime(asked(), LIMIT_MS, late)
  if (keyId !== undefined && vault.keyIds.includes(keyId)) return
  throw new ClavigerError('unavailable', 'The database is not sealed with the master key of this server.', {
    hint: 'It was replaced, or is sealed with another key since: start this server again with that key.',
  })
}

function late(): ClavigerError {
  return new ClavigerError('unavailable', 'The database does not answer.', {
    hint: 'Check that it is running.',
  })
}
