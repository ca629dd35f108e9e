// What can be wanted of grants, as everybody else sees it. engine.ts makes it.

import type { Wish } from '../../domain/grants/decide.ts'

/** What came of a wish. */
export type Outcome =
  /** This generation is good. */
  | { readonly kind: 'good'; readonly generation: number }
  /** Not now, and for no fault of its owner. */
  | {
      readonly kind: 'later'
      readonly until: number
      readonly because: 'failing' | 'forced_lately'
      /** What the last try came to, in a sentence for people; missing where this server has not made it. */
      readonly why?: string
    }
  | { readonly kind: 'sign-in' }
  /** There is no such grant. */
  | { readonly kind: 'gone' }

export interface Grants {
  /** Does what is needed for this wish; returns within the time of one call. Throws when the database does. */
  want(credentialId: string, wish: Wish): Promise<Outcome>
  /** Whether a token that ends then may be one to renew: a cheap look before `want`. */
  mayBeDue(expiresAt: number | null): boolean
  /** Gives the answers in the journal their place. Throws when the database does. */
  drain(): Promise<void>
  /** Resolves when the tries under way have ended. */
  ended(): Promise<void>
}
