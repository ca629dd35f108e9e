// What an operator has to see to about the database as a whole.

import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { forgetRollBacks, readRollBacks, rollBackSentence } from './roll-back.ts'

export function createWarningUseCases({
  store,
  guard,
}: Workshop): Pick<Control, 'audit.warnings' | 'audit.acknowledge'> {
  return {
    async 'audit.warnings'({ organizationId }) {
      const noted = (await readRollBacks(store))[organizationId]
      if (noted === undefined) return { warnings: [] }
      const { at, seen, found } = noted
      return {
        warnings: [{ kind: 'rolled-back', at: rfc3339(at), seen, found, message: rollBackSentence(noted) }],
      }
    },
    'audit.acknowledge': (caller) =>
      guard.perform(caller, async (unit, authorize) => {
        const organizations = Object.keys(await readRollBacks(unit)).sort()
        await authorize({
          action: 'audit.acknowledge',
          needs: { general: 'operate' },
          object: { kind: 'database', id: 'database', name: 'database' },
          details: { organizations: organizations.length },
        })
        await forgetRollBacks(unit, organizations)
        return { acknowledged: organizations.length }
      }),
  }
}
