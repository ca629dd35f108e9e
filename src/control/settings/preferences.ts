// What a person's runs use when they do not say. Kept as a setting of the person in their organization.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import type { StoreGroups } from '../../store/store.ts'
import { mustBePerson } from '../sessions/own.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'

const NAME = 'preferences'

interface Preferences {
  readonly harness: HarnessName | null
  readonly models: Readonly<Record<HarnessName, string | null>>
}

type Settings = Pick<StoreGroups, 'settings'>

export function createPreferenceUseCases({
  guard,
  store,
}: Workshop): Pick<Control, 'preferences.get' | 'preferences.set'> {
  return {
    async 'preferences.get'(caller) {
      mustBePerson(caller)
      return preferencesOf(store, caller)
    },
    async 'preferences.set'(caller, { harness, models }) {
      const id = mustBePerson(caller)
      return guard.perform(caller, async (unit, authorize) => {
        const before = await preferencesOf(unit, caller)
        const after: Preferences = {
          harness: harness === undefined ? before.harness : harness,
          models: {
            claude: models?.claude === undefined ? before.models.claude : models.claude,
            codex: models?.codex === undefined ? before.models.codex : models.codex,
          },
        }
        await authorize({
          action: 'preferences.set',
          needs: { right: 'manage', owner: { kind: 'user', id } },
          object: { kind: 'member', id, name: caller.name },
          details: { harness: after.harness ?? 'none' },
        })
        await unit.settings.put(caller.organizationId, subjectOf(id), NAME, after)
        return after
      })
    },
  }
}

interface Said {
  readonly harness?: HarnessName | undefined
  readonly model?: string | undefined
}

/**
 * The harness and the model of a run that this caller asks for: what was said, else what they prefer. Throws `invalid` when
 * there is no harness in either.
 */
export async function preferred<I extends Said>(
  settings: Settings,
  caller: Caller,
  input: I,
): Promise<I & { readonly harness: HarnessName }> {
  const own = caller.kind === 'person' ? await preferencesOf(settings, caller) : NONE
  const harness = input.harness ?? own.harness
  if (harness === null) throw noHarness()
  const model = input.model ?? own.models[harness]
  return { ...input, harness, ...(model !== null && { model }) }
}

/** Whoever leaves and comes back begins anew. */
export async function forgetPreferences(unit: Settings, organizationId: string, id: string): Promise<void> {
  await unit.settings.remove(organizationId, subjectOf(id), NAME)
}

const NONE: Preferences = { harness: null, models: { claude: null, codex: null } }

async function preferencesOf(
  { settings }: Settings,
  { organizationId, id }: Pick<Caller, 'organizationId' | 'id'>,
): Promise<Preferences> {
  return ((await settings.get(organizationId, subjectOf(id), NAME)) as Preferences | undefined) ?? NONE
}

function subjectOf(id: string): string {
  return `user:${id}`
}

function noHarness(): ClavigerError {
  return new ClavigerError('invalid', 'Which agent program?', {
    hint: `Add --harness ${HARNESSES.join(' or --harness ')}, or choose one for yourself in the console's preferences.`,
  })
}
