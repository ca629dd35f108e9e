// The switch of each harness: off means that no run of it gets a credential in this organization.

import type { Output } from '../../api/schemas.ts'
import { HARNESS_TITLE, HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import type { Control } from '../use-case.ts'
import { rfc3339 } from '../views.ts'
import type { Workshop } from '../workshop.ts'
import { type HarnessSwitch, switchesOf, turn } from './rules.ts'

type SwitchView = Output<'harnesses.set'>

export function createHarnessUseCases({
  guard,
  store,
  now,
}: Workshop): Pick<Control, 'harnesses.list' | 'harnesses.set'> {
  return {
    async 'harnesses.list'(caller) {
      const switches = await switchesOf(store, caller.organizationId)
      return { harnesses: HARNESSES.map((harness) => switchView(harness, switches[harness])) }
    },
    'harnesses.set': (caller, { harness, enabled }) =>
      guard.perform(caller, async (unit, authorize) => {
        await authorize({
          action: enabled ? 'harness.enable' : 'harness.disable',
          needs: { general: 'manageSettings' },
          object: { kind: 'harness', id: harness, name: harness },
        })
        const to: HarnessSwitch = { enabled, at: now(), by: caller.name }
        await turn(unit, caller.organizationId, harness, to)
        return switchView(harness, to)
      }),
  }
}

function switchView(harness: HarnessName, turned: HarnessSwitch | undefined): SwitchView {
  return {
    harness,
    title: HARNESS_TITLE[harness],
    enabled: turned?.enabled ?? true,
    since: turned ? rfc3339(turned.at) : null,
    by: turned?.by ?? null,
  }
}
