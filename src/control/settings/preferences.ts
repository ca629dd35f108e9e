// What runs use when they do not say: what their person prefers, else what holds in the organization. Kept as settings of
// the person in their organization, and of the organization.

import type { Caller } from '../../domain/caller.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import type { StoreGroups } from '../../store/store.ts'
import { mustBePerson } from '../sessions/own.ts'
import type { Control } from '../use-case.ts'
import type { Workshop } from '../workshop.ts'

const NAME = 'preferences'

/** The subject of what holds for the whole organization. */
const WHOLE = '*'

interface Preferences {
  readonly harness: HarnessName | null
  readonly models: Readonly<Record<HarnessName, string | null>>
}

type Settings = Pick<StoreGroups, 'settings'>

export function createPreferenceUseCases({
  guard,
  store,
}: Workshop): Pick<Control, 'preferences.get' | 'preferences.set' | 'defaults.get' | 'defaults.set'> {
  return {
    async 'preferences.get'(caller) {
      mustBePerson(caller)
      return preferencesOf(store, caller)
    },
    'defaults.get': ({ organizationId }) => kept(store, organizationId, WHOLE),
    'defaults.set': (caller, input) =>
      guard.perform(caller, async (unit, authorize) => {
        const after = changed(await kept(unit, caller.organizationId, WHOLE), input)
        await authorize({
          action: 'defaults.set',
          needs: { general: 'manageSettings' },
          object: { kind: 'policy', id: 'defaults', name: 'what runs use' },
          details: { harness: after.harness ?? 'none' },
        })
        await unit.settings.put(caller.organizationId, WHOLE, NAME, after)
        return after
      }),
    async 'preferences.set'(caller, input) {
      const id = mustBePerson(caller)
      return guard.perform(caller, async (unit, authorize) => {
        const after = changed(await preferencesOf(unit, caller), input)
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

type Change = Parameters<Control['preferences.set']>[1]

function changed(before: Preferences, { harness, models }: Change): Preferences {
  return {
    harness: harness === undefined ? before.harness : harness,
    models: {
      claude: models?.claude === undefined ? before.models.claude : models.claude,
      codex: models?.codex === undefined ? before.models.codex : models.codex,
    },
  }
}

interface Said {
  readonly harness?: HarnessName | undefined
  readonly model?: string | undefined
}

/**
 * The harness and the model of a run that this caller asks for: what was said, else what they prefer, else what holds in
 * the organization. Throws `invalid` when there is no harness in any.
 */
export async function preferred<I extends Said>(
  settings: Settings,
  caller: Caller,
  input: I,
): Promise<I & { readonly harness: HarnessName }> {
  const own = caller.kind === 'person' ? await preferencesOf(settings, caller) : NONE
  const all = await kept(settings, caller.organizationId, WHOLE)
  const harness = input.harness ?? own.harness ?? all.harness
  if (harness === null) throw noHarness()
  const model = input.model ?? own.models[harness] ?? all.models[harness]
  return { ...input, harness, ...(model !== null && { model }) }
}

/** Whoever leaves and comes back begins anew. */
export async function forgetPreferences(unit: Settings, organizationId: string, id: string): Promise<void> {
  await unit.settings.remove(organizationId, subjectOf(id), NAME)
}

const NONE: Preferences = { harness: null, models: { claude: null, codex: null } }

function preferencesOf(
  groups: Settings,
  { organizationId, id }: Pick<Caller, 'organizationId' | 'id'>,
): Promise<Preferences> {
  return kept(groups, organizationId, subjectOf(id))
}

async function kept({ settings }: Settings, organizationId: string, subject: string): Promise<Preferences> {
  return ((await settings.get(organizationId, subject, NAME)) as Preferences | undefined) ?? NONE
}

function subjectOf(id: string): string {
  return `user:${id}`
}

function noHarness(): ClavigerError {
  return new ClavigerError('invalid', 'Which agent program?', {
    hint: `Add --harness ${HARNESSES.join(' or --harness ')}, or choose one for yourself in the console's preferences.`,
  })
}
