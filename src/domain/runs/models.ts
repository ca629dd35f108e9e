// Which model a conversation goes on with when another type of credential takes over.

import { type CredentialType, isCredentialType } from '../credential-types.ts'

/** Credential type → model, as an operator has set it. */
export type PinnedModels = Readonly<Partial<Record<CredentialType, string>>>

/** From `TYPE=MODEL,TYPE=MODEL`. Throws what `wrong` makes of what is none. */
export function pinnedModels(wrong: (what: string) => Error, text: string): PinnedModels {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '')
  return Object.fromEntries(
    pairs.map((pair) => {
      const [type = '', model = ''] = pair.split('=').map((part) => part.trim())
      if (isCredentialType(type) && model !== '') return [type, model]
      throw wrong(`has ${pair.trim()}, which is not TYPE=MODEL`)
    }),
  )
}

// Names of whole families: they mean the same model line wherever the program asks.
const FAMILIES = ['opus', 'sonnet', 'haiku'] as const

/**
 * The model for this type. What was asked for by name, or set for the type, stands; else the model that the conversation
 * had, so that nobody's model changes because a login ended. Null: the program's own choice.
 */
export function modelFor(
  type: CredentialType | null,
  {
    wanted,
    had,
    pinned,
  }: { readonly wanted: string | null; readonly had: string | null; readonly pinned: PinnedModels },
): string | null {
  const set = type === null ? undefined : pinned[type]
  if (set !== undefined) return set
  const name = wanted ?? had
  if (name === null || type === null || !type.startsWith('claude/bedrock-')) return name
  // Bedrock has other names for them, with a region in them, which the program knows.
  return name.includes('anthropic.') ? name : (FAMILIES.find((family) => name.includes(family)) ?? name)
}
