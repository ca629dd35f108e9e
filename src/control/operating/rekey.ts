// Asking for re-keying, and how far it is.

import type { Output } from '../../api/schemas.ts'
import { KEY_FACTS } from '../../domain/rekeying.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'
import type { RekeyingStatus } from './rekeying.ts'

export function createRekeyUseCases({
  guard,
  rekeying,
}: Workshop): Pick<Control, 'rekey.start' | 'rekey.status'> {
  return {
    async 'rekey.start'(caller) {
      await rekeying.start((step) =>
        guard.perform(caller, (_, authorize) =>
          authorize({
            action: 'rekey.start',
            needs: { general: 'operate' },
            object: { kind: 'installation', id: KEY_FACTS.recorded, name: 'master key' },
            details: { newKey: step === 'renew' },
          }),
        ),
      )
      return view(await rekeying.status())
    },
    'rekey.status': async () => view(await rekeying.status()),
  }
}

function view(status: RekeyingStatus): Output<'rekey.status'> {
  const { state, problem, source, ours, recorded, rewrapped, left, lost, keyIds, counts, others } = status
  return {
    ...{ state, problem, source, ours, recorded, rewrapped, left, lost },
    current: keyIds[0] ?? '',
    keys: keyIds.map((id) => ({ id, dataKeys: counts[id] ?? 0 })),
    servers: others.map((server) => ({ name: server.name, keys: [...server.keyIds] })),
  }
}
