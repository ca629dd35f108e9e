// Whether people may take their own credentials out of this server: a switch for each harness, on unless an admin has
// turned it off. It is looked at in the unit that hands one out.

import type { HarnessName } from '../../domain/harness-names.ts'
import type { StoreGroups } from '../../store/store.ts'

type Settings = Pick<StoreGroups, 'settings'>

const WHOLE = '*'
const factName = (harness: HarnessName) => `take-out:${harness}`

export async function mayBeTaken(
  { settings }: Settings,
  organizationId: string,
  harness: HarnessName,
): Promise<boolean> {
  const found = (await settings.get(organizationId, WHOLE, factName(harness))) as
    | { allowed: boolean }
    | undefined
  return found?.allowed !== false
}

export async function allowTaking(
  { settings }: Settings,
  organizationId: string,
  harness: HarnessName,
  to: { readonly allowed: boolean; readonly at: number; readonly by: string },
): Promise<void> {
  await settings.put(organizationId, WHOLE, factName(harness), to)
}
